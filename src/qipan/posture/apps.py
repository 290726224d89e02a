from django.apps import AppConfig


class PostureConfig(AppConfig):
    name = "qipan.posture"

    def ready(self) -> None:
        from qipan.forms.api import register_posture

        from .queries import binding_kind

        register_posture(binding_kind)
