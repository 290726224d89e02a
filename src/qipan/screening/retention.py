"""What screening holds of persons, for which purpose and how long; every column of every table of the room."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from qipan.kernel.retention import Destroy, PersonalData, Starts, Way, declare, who_acted

declare(
    "screening.Assignment",
    keys="id round team first last",
)
declare(
    "screening.Campaign",
    plain="title basis",
    keys="id unit form opened_at closed_at drill",
)
declare(
    "screening.Coverage",
    keys="id round place doors not_home vacant_unknown vacant_known appointment language_help refused by_phone answered demolished presumed_vacant visits changed_at",
)
declare(
    "screening.CoverageSample",
    keys="id round place slot at doors settled visits",
)
declare(
    "screening.Recount",
    plain="seed",
    keys="id round first last permille claimed drawn drawn_at closes_at",
)
declare(
    "screening.RecountDoor",
    PersonalData(
        "place claimed found came verdict team",
        purpose=_("to check a round at doors drawn by lot"),
        period=timedelta(days=30),
        starts_with=Starts.EMERGENCY,
        destroy=Destroy.STATISTICS,
        way=Way.RUN,
    ),
    keys="id recount at",
)
declare(
    "screening.RecountTally",
    keys="id recount place drawn same different unclear",
)
declare(
    "screening.Round",
    keys="id campaign number opened_at closes_at closed_at",
)
declare(
    "screening.Visit",
    PersonalData(
        "place team outcome happened_at",
        purpose=_("to screen every door in an emergency"),
        period=timedelta(days=30),
        starts_with=Starts.EMERGENCY,
        destroy=Destroy.STATISTICS,
        way=Way.RUN,
    ),
    keys="id round received_at batch content",
)
declare(
    "screening.VisitConflict",
    PersonalData(
        "visit_id place team payload replaced",
        purpose=_("to decide between two reports of one visit"),
        period=timedelta(days=30),
        starts_with=Starts.EMERGENCY,
        destroy=Destroy.ROWS,
        way=Way.RUN,
    ),
    who_acted("decided_by"),
    plain="decision",
    keys="id content received_at decided_at",
)
