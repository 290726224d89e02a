from django.apps import AppConfig


class DeploymentConfig(AppConfig):
    name = "qipan.deployment"

    def ready(self) -> None:
        from qipan.forms.api import register_teams

        from .queries import ground_of_team

        register_teams(ground_of_team)
