"""What deployment holds of persons, for which purpose and how long; every column of every table of the room."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from qipan.kernel.retention import Destroy, PersonalData, Starts, Way, declare

declare(
    "deployment.Shift",
    PersonalData(
        "filled_by",
        purpose=_("who stands at a gate"),
        period=timedelta(days=90),
        starts_with=Starts.ENDED,
        destroy=Destroy.BLANKED,
        way=Way.RUN,
    ),
    plain="title source",
    keys="id unit place starts_at ends_at task filled_at warned_at released_at drill",
)
declare(
    "deployment.Team",
    plain="source",
    keys="id unit number place first last formed_at stands_down_at released_at drill",
)
