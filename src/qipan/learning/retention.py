"""What learning holds of persons: who acted, and nothing else. Reviews speak of organs and acts, never of a person."""

from qipan.kernel.retention import declare, who_acted

declare(
    "learning.DayFigure",
    keys="id declaration day at measures seen_to high medium low doors reached open_tasks late_tasks",
)
declare(
    "learning.Review",
    who_acted("written_by closed_by"),
    plain="planned happened why change",
    keys="id declaration unit task opened_at due_at written_at closed_at drill",
)
declare(
    "learning.TestAnswer",
    who_acted("by_label"),
    plain="evidence figures",
    keys="id review test met at",
)
declare(
    "learning.Lesson",
    who_acted("proposed_by decided_by"),
    plain="title text playbook reason",
    keys="id declaration unit place task state proposed_at decided_at version published_at drill",
)
declare(
    "learning.Weakness",
    who_acted("by_label closed_by"),
    plain="title text done",
    keys="id source review activation owner noted_by place task opened_at due_at closed_at",
)
declare(
    "learning.Provision",
    who_acted("said_by confirmed_by"),
    keys="id unit place households with_helper said_at confirmed_at replaced_at example carried_from",
)
declare(
    "learning.ProvisionItem",
    plain="name measure",
    keys="id provision amount per_day",
)
