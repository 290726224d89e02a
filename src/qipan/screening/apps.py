from django.apps import AppConfig


class ScreeningConfig(AppConfig):
    name = "qipan.screening"

    def ready(self) -> None:
        from qipan.journal.api import register_audit

        from .queries import audit_batches, audit_coverage, audit_recounts, audit_samples

        register_audit("coverage counters against the visits", audit_coverage)
        register_audit("last samples of closed rounds against the counters", audit_samples)
        register_audit("digests of the uploads against the visits", audit_batches)
        register_audit("counts of recounts against the doors seen again", audit_recounts)
