from django.apps import AppConfig


class GatewaysConfig(AppConfig):
    name = "qipan.gateways"

    def ready(self) -> None:
        from qipan.journal.api import register_channel, subscribe
        from qipan.matters.api import MatterMoved

        from .actions.notices import CHANNEL as NOTICES
        from .actions.notices import hand_out, hand_out_to_reporter
        from .actions.telling import CHANNEL
        from .adapter.notices import send_notice
        from .adapter.webhooks import send_message
        from .subscribers import tell_partners

        register_channel(CHANNEL, lambda message: send_message(message.payload))
        register_channel("notice", hand_out)  # what a unit is told, once for each of its channels
        register_channel("reporter", hand_out_to_reporter)
        register_channel(NOTICES, send_notice)
        subscribe(MatterMoved, tell_partners)
