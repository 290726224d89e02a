from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "qipan.desk"

    def ready(self) -> None:
        from qipan.journal.api import register_audit

        from .queries.audits import audit_tasks

        register_audit("tasks against their units, moments and steps", audit_tasks)
