from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "qipan.learning"

    def ready(self) -> None:
        from qipan.command.api import register_room
        from qipan.desk.api import TasksInherited, TaskState, reserve_words
        from qipan.journal.api import register_audit, subscribe
        from qipan.posture.api import DeclarationEnded
        from qipan.territory.api import AreaMerged

        from .queries.days import audit_days
        from .queries.stocks import stocks_open, why_stock_open
        from .subscribers import on_area_merged, on_declaration_ended, on_tasks_inherited

        # What was found and what was done about it is said on the room's own pages.
        for prefix in ("event-review", "lesson", "weakness"):
            reserve_words(prefix, frozenset({TaskState.DONE, TaskState.OBJECTED}))
        subscribe(DeclarationEnded, on_declaration_ended)
        register_room(told=stocks_open, kind="STOCK", closer=why_stock_open)
        subscribe(AreaMerged, on_area_merged)
        subscribe(TasksInherited, on_tasks_inherited)
        register_audit("figures of emergencies per day against measures", audit_days)
