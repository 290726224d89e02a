"""What the room itself holds of persons; every column of every table of the room."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from qipan.kernel.retention import Destroy, PersonalData, Starts, declare, who_acted

declare(
    "retention.Backup",
    who_acted("by_label"),
    plain="name where",
    keys="id made_at lives_until noted_at",
)
declare(
    "retention.Certificate",
    plain="number text digest",
    keys="id run destroyed held issued_at drill",
)
declare(
    "retention.DestructionRun",
    PersonalData(
        "prepared_account decided_account",
        purpose=_("that two different people destroy"),
        basis="pipl-2021-34",
        period=None,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.KEPT,
    ),
    who_acted("prepared_by decided_by"),
    plain="reason backups refusal trouble",
    keys="id state prepared_at decided_at started_at starts finished_at drill",
)
declare(
    "retention.DueLot",
    plain="model key title grounds emergency",
    keys="id rows began due drill by_clock seen_at",
)
declare(
    "retention.Hold",
    who_acted("by_label lifted_by"),
    plain="model key title area grounds assessment why",
    keys="id until placed_at lifted_at",
)
declare(
    "retention.Purpose",
    plain="model fields",
    keys="id",
)
declare(
    "retention.RunLot",
    plain="model key title grounds reached holds chain figures emergency",
    keys="id run order rows began due steps destroyed held cells folded proven_at finished_at open",
)
declare(
    "retention.Wish",
    PersonalData(
        "words",
        purpose=_("to answer what a person asks about own data"),
        basis="pipl-2021-34",
        period=timedelta(days=30),
        starts_with=Starts.ENDED,
        destroy=Destroy.BLANKED,
    ),
    who_acted("decided_by"),
    plain="subject purpose reason",
    keys="id kind state unit place task asked_at due_at decided_at drill",
)
