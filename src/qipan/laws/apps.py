from django.apps import AppConfig


class LawsConfig(AppConfig):
    name = "qipan.laws"

    def ready(self) -> None:
        from qipan.journal.api import register_audit

        from .queries.audits import audit_citations

        register_audit("citations by unit against their rows", audit_citations)
