"""What laws holds of persons, for which purpose and how long; every column of every table of the room."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.retention import Destroy, PersonalData, Starts, declare, who_acted

declare(
    "laws.Article",
    plain="code number link summary summary_en uses end_reason",
    keys="id law minimum_rank valid_from valid_to ending successor",
)
declare(
    "laws.Citation",
    plain="subject",
    keys="id use article unit_id place cited_at ends_at ended_at",
)
declare(
    "laws.CitationCount",
    keys="id article use unit_id place n",
)
declare(
    "laws.Law",
    plain="code name name_en link",
    keys="id kind",
)
declare(
    "laws.Rule",
    plain="title title_en text urgency_reason review_note end_reason",
    keys="id unit_id place major state drafted_at opens_on closes_on adopted_at in_force_from review_on reviewed_at ended_on",
)
declare(
    "laws.RuleAnswer",
    who_acted("by_label"),
    plain="text",
    keys="id rule taken_over at",
)
# Who said it is not asked. What he may say of himself in it is withheld by whoever answers.
declare(
    "laws.RuleComment",
    PersonalData(
        "text",
        purpose=_("what the public says to a draft, shown with its answer"),
        basis="pipl-2021-13",
        period=None,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.KEPT,
    ),
    plain="nonce",
    keys="id rule at answer withheld",
)
