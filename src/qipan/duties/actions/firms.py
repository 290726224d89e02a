"""Firms that stand somewhere and look after no compound: hotels, carriers, suppliers, others."""

from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import COMMUNITY, DISTRICT, code_of, range_of
from qipan.kernel.refusal import NotFound, Refusal

from ..models import OrganType, Unit
from ..queries.units import units_on
from ..terms import STANDING_FIRMS


class NotAKindOfFirm(Refusal):
    code = "not_a_kind_of_firm"
    sentence = _("%(kind)s is no kind of firm that can be registered here.")
    status = 400


class FirmNameMissing(Refusal):
    code = "firm_name_missing"
    sentence = _("Please give the name under which the firm is registered.")
    status = 400


@transaction.atomic
def register_firm(kind: str, *, name: str, name_en: str = "", community: str, by: Actor, at: datetime) -> Unit:
    """This function will register a firm that stands in a community, so that it has a desk and can offer reserves.

    Its ground is its own place and no other: it sees nothing of the compounds around it. The same name of the same kind
    in a district is the same firm, and is returned. Needs ``register.edit``. Raises ``NotAllowed``, ``NotAKindOfFirm``,
    ``FirmNameMissing``, ``NotFound`` (no such community in the scope).
    """
    by.require("register.edit")
    of = OrganType.objects.select_for_update().filter(code=kind).first() if kind in STANDING_FIRMS else None
    if of is None:
        raise NotAKindOfFirm(kind=kind)
    if not name.strip():
        raise FirmNameMissing(field="name")
    try:
        ground = range_of(community)
    except ValueError:
        raise NotFound from None
    parent = units_on([ground], ["community"]).filter(first=ground.first).first()
    if parent is None or not by.scope.covers(ground):
        raise NotFound
    district = code_of(ground.first, DISTRICT)
    known = Unit.objects.filter(organ_type=of, place__range=range_of(district))
    standing = known.filter(name=name.strip()[:120], valid_to=None).first()
    if standing is not None:
        return standing
    firm = Unit.objects.create(
        code=f"{district}:{kind}-{known.count() + 1}",
        organ_type=of,
        name=name.strip()[:120],
        name_en=name_en.strip()[:160],
        place=ground.first,
        first=ground.first,
        last=ground.first,
        parent=parent,
        valid_from=localdate(at),
    )
    data = {"kind": kind, "name": firm.name, "community": code_of(ground.first, COMMUNITY)}
    record("duties.register_firm", subject=firm, by=by, at=at, place=firm.place, data=data)
    return firm
