"""What access holds of persons, for which purpose and how long; every column of every table of the room."""

from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import BooleanField, Count, Max, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from qipan.kernel.monthly import Monthly
from qipan.kernel.place import Range, range_of
from qipan.kernel.retention import Destroy, PersonalData, Starts, Way, declare, who_acted

from .models import Account, Pass

KEEP_PASSES = timedelta(days=90)
KEEP_ACCOUNTS = timedelta(days=365)
KEEP_SESSIONS = timedelta(days=2)  # 12 hours signed in, then until the nightly pass
GONE = "gone-"


def _city() -> tuple[Range, ...]:
    return (range_of(settings.CITY),)


def _passes() -> QuerySet[Any]:
    """Of a volunteer who chose to stay it ends with that, of all others with the pass."""
    rows = Pass.objects.everywhere("destroyed by month").exclude(label="")
    return rows.annotate(
        ended_on=Coalesce("stays_until", "expires_at"), of_drill=Value(False, output_field=BooleanField())
    )


def _blank_passes(keys: list[Any]) -> None:
    Pass.objects.everywhere("destroyed by month").filter(pk__in=keys).update(label="", stays_until=None)


def _accounts() -> QuerySet[Any]:
    """Accounts that had an office and have none any more; whoever never had one is still to be given it."""
    rows = Account.objects.exclude(username__startswith=GONE)
    ended = rows.annotate(
        ended_on=Max("posts__valid_to"),
        offices=Count("posts"),
        standing=Count("posts", filter=Q(posts__valid_to=None)),
        of_drill=Value(False, output_field=BooleanField()),
    )
    return ended.filter(standing=0, offices__gt=0)


def _blank_accounts(keys: list[Any]) -> None:
    """The number stays, by which the journal knows that one and the same acted; whose it was does not."""
    EmailAddress.objects.filter(user__in=keys).delete()
    for key in keys:
        blank = {"display_name": "", "email": "", "password": "!", "last_login": None, "is_active": False}
        Account.objects.filter(pk=key).update(username=f"{GONE}{key}", **blank)


HELD_PASSES = Monthly(
    model="access.Pass",
    title=_("Labels of passes"),
    rows=_passes,
    period=KEEP_PASSES,
    destroy=_blank_passes,
    line="serial",
    grounds=_city,
    place="first",
    cleaned=("access_pass",),
)
HELD_ACCOUNTS = Monthly(
    model="access.Account",
    title=_("Accounts without an office"),
    rows=_accounts,
    period=KEEP_ACCOUNTS,
    destroy=_blank_accounts,
    line="pk",
    grounds=_city,
    cleaned=("access_account",),
)

declare(
    "access.Account",
    PersonalData(
        "username display_name email password last_login is_active",
        purpose=_("to sign in: whoever works here"),
        basis="pipl-2021-34",
        period=KEEP_ACCOUNTS,
        starts_with=Starts.OFFICE,
        destroy=Destroy.BLANKED,
        way=Way.RUN,
        holder=HELD_ACCOUNTS,
    ),
    keys="id",
)
declare(
    "access.CardReading",
    PersonalData(
        "key",
        purpose=_("that a holder read the card, as a keyed digest"),
        basis="pipl-2021-34",
        period=None,  # it says neither who nor when, and goes with its card
        starts_with=Starts.COLLECTED,
        destroy=Destroy.KEPT,
    ),
    keys="card",
)
declare(
    "access.Pass",
    PersonalData(
        "label",
        purpose=_("to tell passes of a team apart while they are good"),
        basis="pipl-2021-34",
        period=KEEP_PASSES,
        starts_with=Starts.OFFICE,
        destroy=Destroy.BLANKED,
        way=Way.RUN,
        holder=HELD_PASSES,
    ),
    PersonalData(
        "stays_until",
        purpose=_("that a volunteer chose to stay, so that the group may ask again"),
        basis="pipl-2021-13",
        period=KEEP_PASSES,
        starts_with=Starts.OFFICE,
        destroy=Destroy.BLANKED,
        way=Way.RUN,
        holder=HELD_PASSES,
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
        basis="pipl-2021-34",
        period=None,
        starts_with=Starts.OFFICE,
        destroy=Destroy.KEPT,
    ),
    plain="title emergency",
    keys="id unit role first last sponsors_area valid_from valid_to",
)
# Tables of libraries that an account brings along: what is not of ours is declared as well.
declare(
    "account.EmailAddress",
    PersonalData(
        "email",
        purpose=_("to sign in: whoever works here"),
        basis="pipl-2021-34",
        period=KEEP_ACCOUNTS,
        starts_with=Starts.OFFICE,
        destroy=Destroy.ROWS,
        way=Way.RUN,
        holder=HELD_ACCOUNTS,  # deleted with the account's own fields
    ),
    keys="id user verified primary",
)
declare(
    "account.EmailConfirmation",
    PersonalData(
        "key",
        purpose=_("to confirm the mail address of an account"),
        basis="pipl-2021-34",
        period=KEEP_ACCOUNTS,
        starts_with=Starts.OFFICE,
        destroy=Destroy.ROWS,
        way=Way.RUN,
        holder=HELD_ACCOUNTS,  # goes with its address
    ),
    keys="id email_address created sent",
)
declare(
    "sessions.Session",
    PersonalData(
        "session_key session_data",
        purpose=_("to stay signed in"),
        basis="pipl-2021-34",
        period=KEEP_SESSIONS,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.ROWS,
    ),
    keys="expire_date",
)
declare("auth.Group", plain="name", keys="id permissions")
declare("auth.Permission", plain="name codename", keys="id content_type")
declare("contenttypes.ContentType", plain="app_label model", keys="id")
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
