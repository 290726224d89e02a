"""What communities hold, as the release of an emergency asks for it: counted after its end, and not short (EMG-8)."""

from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.command.api import Closing
from qipan.kernel.actor import Scope
from qipan.kernel.opened import Emergency, OpenLine
from qipan.kernel.place import COMMUNITY, code_of
from qipan.kernel.refusal import Refusal

from .. import rules
from ..models import Provision, ProvisionItem
from ..terms import Light
from .provisions import said_by


class StockNotCounted(Refusal):
    code = "stock_not_counted"
    sentence = _("Its figures are of %(day)s, from before the end: it says what is left.")


class StockShort(Refusal):
    code = "stock_short"
    sentence = ngettext_lazy(
        "What is left lasts %(days)s day, less than %(least)s: it fills up and says so.",
        "What is left lasts %(days)s days, less than %(least)s: it fills up and says so.",
        "days",
    )


def stocks_open(emergency: Emergency, *, at: datetime) -> list[OpenLine]:
    """This function will list the communities on the ground whose stock was not counted since the end, or is short.

    Communities that never said what they hold are not asked here. An exercise uses nothing up.
    """
    if emergency.drill:
        return []
    rows = Provision.objects.within(Scope(emergency.grounds)).filter(
        Exists(ProvisionItem.objects.filter(provision=OuterRef("pk"))), replaced_at=None
    )
    return [
        OpenLine(
            "STOCK",
            f"learning.Provision:{one.unit_id}",
            "",
            one.unit_id,
            one.confirmed_at,
            detail={"stock_of": one.unit_id, "address": f"/readiness/{code_of(one.place, COMMUNITY)}/stock"},
        )
        for one in rows.prefetch_related("items").order_by("place", "pk")
        if _why(one, ended=emergency.ended, at=at) is not None
    ]


def why_stock_open(closing: Closing) -> Refusal | None:
    """This function will say why the stock of a community is a line of a release yet; None where it is none any more."""
    rows = Provision.objects.everywhere("what a release asks for").filter(
        unit=closing.item.detail["stock_of"], replaced_at=None
    )
    standing = rows.first()
    ended = closing.declaration.ended_at if closing.declaration is not None else None
    return _why(standing, ended=ended, at=closing.at) if standing is not None else None


def _why(provision: Provision, *, ended: datetime | None, at: datetime) -> Refusal | None:
    if provision.confirmed_at < (ended or at):
        return StockNotCounted(day=f"{localdate(provision.confirmed_at):%F}")
    said = said_by(provision)
    if said.first_out is not None and rules.stock_signal(said, on=localdate(at)).light == Light.RED:
        return StockShort(days=said.first_out.days, least=rules.limits()["stock"]["amber_days"])
    return None
