from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "qipan.desk"

    def ready(self) -> None:
        from qipan.duties.api import ListsChanged, UnitsMerged
        from qipan.journal.api import register_audit, subscribe
        from qipan.laws.api import ArticleRepealed, name_subjects

        from .queries.admissions import names_of_admissions
        from .queries.audits import audit_tasks
        from .queries.burden import audit_burden
        from .rules import reserve_words
        from .subscribers import on_article_repealed, on_lists_changed, on_units_merged
        from .terms import TaskState

        subscribe(ListsChanged, on_lists_changed)
        subscribe(UnitsMerged, on_units_merged)
        subscribe(ArticleRepealed, on_article_repealed)
        name_subjects("desk.Admission", names_of_admissions)
        reserve_words("sign", frozenset({TaskState.DONE, TaskState.OBJECTED}))  # decided on the page of signs

        register_audit("burden of communities against their tasks", audit_burden)
        register_audit("tasks against their units, moments and steps", audit_tasks)
