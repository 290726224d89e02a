from django.apps import AppConfig


class MattersConfig(AppConfig):
    name = "qipan.matters"

    def ready(self) -> None:
        from qipan.desk.api import TasksAnswered, TasksInherited, TaskState, reserve_words
        from qipan.journal.api import register_audit, subscribe

        from .actions.steps import MatterMoved
        from .queries.audits import (
            audit_counts,
            audit_exclusions,
            audit_matters,
            audit_rechecks,
            audit_ways,
            audit_words,
        )
        from .queries.referrals import audit_referrals
        from .subscribers import follow_heirs, note_responses, watch_closes

        reserve_words("matter", frozenset({TaskState.DONE, TaskState.OBJECTED}))
        reserve_words("hazard", frozenset({TaskState.DONE, TaskState.OBJECTED}))
        reserve_words("call", frozenset({TaskState.ACCEPTED, TaskState.DONE, TaskState.OBJECTED}))
        reserve_words("recheck", frozenset({TaskState.DONE, TaskState.OBJECTED}))
        reserve_words("exclusion", frozenset({TaskState.DONE, TaskState.OBJECTED}))
        reserve_words("exclusions", frozenset({TaskState.DONE, TaskState.OBJECTED}))
        reserve_words("referral", frozenset({TaskState.ACCEPTED, TaskState.DONE, TaskState.OBJECTED}))
        subscribe(TasksAnswered, note_responses)
        subscribe(TasksInherited, follow_heirs)
        subscribe(MatterMoved, watch_closes)
        register_audit("counts of matters against their steps", audit_counts)
        register_audit("matters against their handlers and tasks", audit_matters)
        register_audit("referrals against what was handed over and their tasks", audit_referrals)
        register_audit("what is left out of the rates against steps and tasks", audit_exclusions)
        register_audit("ways in which matters were verified against the matters", audit_ways)
        register_audit("words of satisfaction against what reporters said", audit_words)
        register_audit("sampled reviews against their steps and tasks", audit_rechecks)
