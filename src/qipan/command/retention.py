"""What command holds of persons, for which purpose and how long; every column of every table of the room."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.retention import Destroy, PersonalData, Starts, declare, who_acted

declare(
    "command.ActivatedGround",
    plain="code",
    keys="id activation first last",
)
declare(
    "command.Activation",
    who_acted("activated_by"),
    plain="grounds ground_key",
    keys="id playbook declaration admission unit activated_at release_started_at released_at drill",
)
declare(
    "command.ActivationItem",
    plain="key reference title title_en detail blocked still_open",
    keys="id activation plan order kind owner count opened_at closed_at handed_over",
)
declare(
    "command.Directive",
    PersonalData(
        "named_person",
        purpose=_("the leader who answers for a demand at night, named in office"),
        basis="pipl-2021-34",
        period=None,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.KEPT,
    ),
    who_acted("recalled_by"),
    plain="number title body basis changes recall_reason ended",
    keys="id version round series every repeat_until next_at issuer admission form decided_at issued_at due_at recipients supersedes recalled_at drill",
)
declare(
    "command.DirectiveTarget",
    plain="organ_type",
    keys="id directive first last",
)
declare(
    "command.Playbook",
    who_acted("published_by"),
    plain="code title title_en hazard posture steps targets note lessons",
    keys="id version published_at",
)
declare(
    "command.ReleasePlan",
    who_acted("run_by"),
    keys="id declaration runs began_at run_at finished_at",
)
declare(
    "command.Watch",
    PersonalData(
        "post line",
        purpose=_("the post on duty and the line that reaches it"),
        basis="pipl-2021-34",
        period=None,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.KEPT,
    ),
    plain="note",
    keys="id unit place starts_at ends_at handed_over_at cancelled_at",
)
