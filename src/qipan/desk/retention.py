"""What desk holds of persons, for which purpose and how long; every column of every table of the room."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.retention import Destroy, PersonalData, Starts, declare, who_acted

declare(
    "desk.Admission",
    who_acted("decided_by"),
    plain="grounds title basis declaration organ_types fields form_code reason asked",
    keys="id demander activity questions how_often minutes_per_unit units state applied_at decided_at valid_from valid_to drill",
)
declare(
    "desk.BurdenIndex",
    keys="id week demander owner place activity tasks minutes",
)
# A unit says it, once a week; who of it said so is kept nowhere, in the journal neither.
declare(
    "desk.Nuisance",
    plain="form_code",
    keys="id week owner place demander activity",
)
declare(
    "desk.Sign",
    plain="name name_en basis",
    keys="id valid_from valid_to",
)
declare(
    "desk.SignReport",
    who_acted("decided_by"),
    plain="words reason",
    keys="id unit place demander state task reported_at decided_at",
)
declare(
    "desk.Task",
    PersonalData(
        "note",
        purpose=_("what a unit says with an answer"),
        basis="pipl-2021-34",
        period=None,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.KEPT,
    ),
    who_acted("sent_by"),
    plain="source title basis",
    keys="id kind asker owner first_owner place admission state clock created_at due_at remind_at delivered_at read_at accepted_at closed_at suspended_at reminded_at escalation escalated_at changed_at on_paper drill",
)
declare(
    "desk.TaskStep",
    PersonalData(
        "note",
        purpose=_("what a unit says with an answer"),
        basis="pipl-2021-34",
        period=None,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.KEPT,
    ),
    who_acted("by_label"),
    keys="id task state at",
)
declare(
    "desk.Terminal",
    plain="name basis instead",
    keys="id kind owner listed_at ended_at",
)
declare(
    "desk.WorkAsked",
    plain="source",
    keys="id week demander owner place activity minutes",
)
declare(
    "desk.TerminalUse",
    keys="id terminal unit place accounts last_used noted_at ended_at",
)
