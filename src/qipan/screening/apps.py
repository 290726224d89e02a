from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ScreeningConfig(AppConfig):
    name = "qipan.screening"

    def ready(self) -> None:
        from qipan.journal.api import register_audit

        from .ingest.postgres import lay_down
        from .queries import audit_batches, audit_coverage, audit_late, audit_recounts, audit_samples

        register_audit("coverage counters against the visits", audit_coverage)
        register_audit("last samples of closed rounds against the counters", audit_samples)
        register_audit("digests of the uploads against the visits", audit_batches)
        register_audit("digests of the uploads against the late visits", audit_late)
        register_audit("counts of recounts against the doors seen again", audit_recounts)
        post_migrate.connect(lay_down, sender=self)
