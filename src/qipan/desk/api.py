"""The desk's front door: send tasks, answer them, see who has received what, admit work."""

from .actions.admissions import FieldsNotAsked, admit_emergency, apply_admission, decide_admission, end_admission
from .actions.asking import decide_objection, extend_task, hasten_task, resume_task, suspend_task
from .actions.burden import ask_work
from .actions.delivery import deliver_desk
from .actions.inheriting import TasksInherited
from .actions.lateness import Escalated, escalate_late, remind_of
from .actions.nuisances import say_nuisance
from .actions.own import OwnTask, send_own
from .actions.receipts import Answer, Receipt, TasksAnswered, answer_task, receive
from .actions.sending import (
    GroundNotAdmitted,
    NotAdmitted,
    OrderMissing,
    ShortNoticeAtNight,
    TasksRecalled,
    TasksSent,
    check_admission,
    check_ground,
    guard_night,
    recall_sources,
    recall_tasks,
    register_declared,
    register_orders,
    send_task,
    send_tasks,
)
from .models import Admission, Task
from .queries.admissions import (
    Known,
    admission_of_form,
    admissions_for,
    get_admission,
    register_fields,
    register_known,
)
from .queries.burden import communities_with, register_doubles
from .queries.desks import DeskCounts, desk_counts, forget_units, get_task, history, is_late, late_tasks
from .queries.nuisances import nuisances_of_forms, register_titles
from .queries.opened import open_lines
from .queries.receipts import (
    LeadTimes,
    ReceiptRow,
    lead_times,
    receipt_tree,
    receipts_by_place,
    receipts_of,
    unread,
    unread_count,
)
from .rules import FAR_LEADER, hours_of, remind_at, reserve_words
from .terms import AdmissionState, ClockKind, TaskKind, TaskState

__all__ = [
    "FAR_LEADER",
    "Admission",
    "AdmissionState",
    "Answer",
    "ClockKind",
    "DeskCounts",
    "Escalated",
    "FieldsNotAsked",
    "GroundNotAdmitted",
    "Known",
    "LeadTimes",
    "NotAdmitted",
    "OrderMissing",
    "OwnTask",
    "Receipt",
    "ReceiptRow",
    "ShortNoticeAtNight",
    "Task",
    "TaskKind",
    "TaskState",
    "TasksAnswered",
    "TasksInherited",
    "TasksRecalled",
    "TasksSent",
    "admission_of_form",
    "admissions_for",
    "admit_emergency",
    "answer_task",
    "apply_admission",
    "ask_work",
    "check_admission",
    "check_ground",
    "communities_with",
    "decide_admission",
    "decide_objection",
    "deliver_desk",
    "desk_counts",
    "end_admission",
    "escalate_late",
    "extend_task",
    "forget_units",
    "get_admission",
    "get_task",
    "guard_night",
    "hasten_task",
    "history",
    "hours_of",
    "is_late",
    "late_tasks",
    "lead_times",
    "nuisances_of_forms",
    "open_lines",
    "recall_sources",
    "recall_tasks",
    "receipt_tree",
    "receipts_by_place",
    "receipts_of",
    "receive",
    "register_declared",
    "register_doubles",
    "register_fields",
    "register_known",
    "register_orders",
    "register_titles",
    "remind_at",
    "remind_of",
    "reserve_words",
    "resume_task",
    "say_nuisance",
    "send_own",
    "send_task",
    "send_tasks",
    "suspend_task",
    "unread",
    "unread_count",
]
