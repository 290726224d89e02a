from django.apps import AppConfig


class GatewaysConfig(AppConfig):
    name = "qipan.gateways"

    def ready(self) -> None:
        from qipan.journal.api import register_channel, subscribe
        from qipan.matters.api import MatterMoved

        from .actions.telling import CHANNEL
        from .adapter import send_message
        from .subscribers import tell_partners

        register_channel(CHANNEL, lambda message: send_message(message.payload))
        subscribe(MatterMoved, tell_partners)
