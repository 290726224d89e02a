from django.apps import AppConfig


class ReservesConfig(AppConfig):
    name = "qipan.reserves"

    def ready(self) -> None:
        from qipan.desk.api import TaskState, reserve_words
        from qipan.journal.api import register_audit
        from qipan.laws.api import name_subjects
        from qipan.posture.api import register_numbers

        from .queries.audits import audit_sheets
        from .queries.cards import call_names, order_title

        # A call is accepted or objected to on the desk; the rest is said with what it needs, on its own page.
        for source in ("reserve-agreement", "reserve-pay", "reserve-overdue", "reserve-return"):
            reserve_words(source, frozenset({TaskState.DONE, TaskState.OBJECTED}))
        reserve_words("reserve", frozenset({TaskState.DONE}))
        register_audit("sums of cost sheets against their lines", audit_sheets)
        name_subjects("reserves.Call", call_names)
        register_numbers(order_title)
