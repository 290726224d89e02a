from django.apps import AppConfig


class TerritoryConfig(AppConfig):
    name = "qipan.territory"

    def ready(self) -> None:
        from qipan.journal.api import register_audit

        from .queries import audit_register

        register_audit("doors kept with compounds against the register", audit_register)
