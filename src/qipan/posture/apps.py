from django.apps import AppConfig


class PostureConfig(AppConfig):
    name = "qipan.posture"

    def ready(self) -> None:
        from qipan.desk.api import register_declared, register_orders
        from qipan.forms.api import register_posture
        from qipan.journal.api import register_audit, subscribe
        from qipan.kernel.opened import register_emergencies
        from qipan.laws.api import ArticleRepealed, name_subjects
        from qipan.zones.api import RuleSetEnded, ZoneConfirmed, ZoneLost

        from .queries.audits import audit_ends
        from .queries.declared import binding_kind, declaration_names, declared_over
        from .queries.measures import measure_names, order_stands
        from .queries.opened import emergencies_in_force, emergency_end
        from .subscribers import on_article_repealed, on_rule_set_ended, on_zone_confirmed, on_zone_lost

        register_audit("ends of measures against the measures", audit_ends)
        register_posture(binding_kind)
        register_emergencies(emergencies_in_force, emergency_end)
        register_declared(declared_over)
        register_orders("measure", order_stands)
        name_subjects("posture.Declaration", declaration_names)
        name_subjects("posture.Measure", measure_names)
        subscribe(ArticleRepealed, on_article_repealed)
        subscribe(ZoneConfirmed, on_zone_confirmed)
        subscribe(RuleSetEnded, on_rule_set_ended)
        subscribe(ZoneLost, on_zone_lost)
