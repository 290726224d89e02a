"""What access holds of persons, for which purpose and how long; every column of every table of the room."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from qipan.kernel.retention import Destroy, PersonalData, Starts, Way, declare, who_acted

declare(
    "access.Account",
    PersonalData(
        "username display_name email password last_login is_active",
        purpose=_("to sign in: whoever works here"),
        period=timedelta(days=365),
        starts_with=Starts.OFFICE,
        destroy=Destroy.BLANKED,
        way=Way.RUN,
    ),
    keys="id",
)
declare(
    "access.CardReading",
    PersonalData(
        "key",
        purpose=_("that a holder read the card, as a keyed digest"),
        period=timedelta(days=90),
        starts_with=Starts.OFFICE,
        destroy=Destroy.ROWS,
    ),
    keys="card",
)
declare(
    "access.Pass",
    PersonalData(
        "label",
        purpose=_("to tell passes of a team apart while they are good"),
        period=timedelta(days=90),
        starts_with=Starts.OFFICE,
        destroy=Destroy.BLANKED,
        way=Way.RUN,
    ),
    who_acted("issued_by"),
    plain="batch",
    keys="serial role unit team first last issued_at expires_at revoked_at line",
)
declare(
    "access.Post",
    PersonalData(
        "account published_name",
        purpose=_("who holds an office, and what its official list says"),
        period=None,
        starts_with=Starts.OFFICE,
        destroy=Destroy.KEPT,
    ),
    plain="title",
    keys="id unit role first last sponsors_area valid_from valid_to",
)
declare(
    "access.Role",
    plain="code name name_en acts",
    keys="id for_passes",
)
declare(
    "access.TrainingCard",
    plain="text",
    keys="id role version",
)
