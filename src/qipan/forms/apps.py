from django.apps import AppConfig


class FormsConfig(AppConfig):
    name = "qipan.forms"

    def ready(self) -> None:
        from qipan.journal.api import register_audit

        from .queries.submissions import audit_submissions

        register_audit("digests of the filled forms against their content", audit_submissions)
