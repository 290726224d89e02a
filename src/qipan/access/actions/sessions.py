"""Sessions that are over: who was signed in is not kept."""

from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction

from qipan.journal.api import record
from qipan.kernel.actor import Actor


@transaction.atomic
def erase_sessions(*, by: Actor, at: datetime) -> int:
    """This function will erase the sessions whose time is over; returns how many. Needs ``account.manage``.

    Raises ``NotAllowed``.
    """
    by.require("account.manage")
    erased, _each = Session.objects.filter(expire_date__lte=at).delete()
    if erased:
        record("access.erase_sessions", subject="sessions.Session", by=by, at=at, data={"sessions": erased})
    return erased
