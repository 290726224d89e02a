"""Firms: property companies, which look after compounds, and hotels, carriers, suppliers and others, which stand somewhere."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import COMMUNITY, COMPOUND, DISTRICT, code_of, range_of
from qipan.kernel.refusal import NotFound, Refusal
from qipan.territory.api import Compound

from .. import rules
from ..models import OrganType, Stewardship, Unit
from ..queries.units import units_on
from ..terms import PROPERTY_COMPANY, STANDING_FIRMS


class NotAKindOfFirm(Refusal):
    code = "not_a_kind_of_firm"
    sentence = _("%(kind)s is no kind of firm that can be registered here.")
    status = 400


class FirmNameMissing(Refusal):
    code = "firm_name_missing"
    sentence = _("Please give the name under which the firm is registered.")
    status = 400


class CreditCodeWrong(Refusal):
    code = "credit_code_wrong"
    sentence = _(
        "This is no unified social credit code: 18 digits and capital letters, of which the last checks the others."
    )
    status = 400


class CreditCodeTaken(Refusal):
    """A code belongs to one firm: the register of firms says whose."""

    code = "credit_code_taken"
    sentence = _("Under this code %(firm)s is registered already.")


class CompoundsMissing(Refusal):
    code = "compounds_missing"
    sentence = _("Choose the compounds that the company looks after.")
    status = 400


class CompoundLookedAfter(Refusal):
    """A compound has one company at a time; who takes it over says so."""

    code = "compound_looked_after"
    sentence = _("%(firm)s looks after %(compound)s. Say that the company takes over, or leave the compound out.")


class CommunityMissing(Refusal):
    code = "community_missing"
    sentence = _("Choose the community in which the firm stands.")
    status = 400


@transaction.atomic
def register_firm(
    kind: str,
    *,
    name: str,
    name_en: str = "",
    credit_code: str = "",
    community: str = "",
    compounds: Iterable[int] = (),
    takes_over: bool = False,
    made_up: bool = False,
    by: Actor,
    at: datetime,
) -> Unit:
    """This function will register a firm, so that it has a desk: a property company for the compounds (place numbers) that
    it looks after from today on, any other in the community where it stands, so that it can offer reserves.

    A property company's ground are its compounds, another firm's is its own place: it sees nothing around it. The same
    ``credit_code`` once more is the same firm, to which further compounds are added; what another company looks after is
    taken from it only with ``takes_over``. A ``made_up`` firm of an example has no code; its name and district tell it.

    Needs ``register.edit``. Raises ``NotAllowed``, ``NotAKindOfFirm``, ``FirmNameMissing``, ``CreditCodeWrong``,
    ``CreditCodeTaken``, ``CommunityMissing``, ``CompoundsMissing``, ``CompoundLookedAfter``, ``NotFound`` (no such
    community or compound in the scope).
    """
    by.require("register.edit")
    serves = kind == PROPERTY_COMPANY
    # The kind's row holds up a second registration until this one is written: numbers and codes are given one by one.
    known_kind = serves or kind in STANDING_FIRMS
    of = OrganType.objects.select_for_update().filter(code=kind).first() if known_kind else None
    if of is None:
        raise NotAKindOfFirm(kind=kind, field="kind")
    name, credit_code = name.strip()[:120], credit_code.strip().upper()
    if not name:
        raise FirmNameMissing(field="name")
    if not (made_up and not credit_code) and not rules.is_credit_code(credit_code):
        raise CreditCodeWrong(field="credit_code")
    places = sorted(set(compounds)) if serves else []
    place = _checked(places, by=by) if serves else _standing_place(community, by=by)
    ground = range_of(code_of(place, COMMUNITY))
    parent = units_on([ground], ["community"]).filter(first=ground.first).first()
    if parent is None:
        raise NotFound
    on = localdate(at)
    firm = _known(of, name, credit_code, place)
    is_new = firm is None
    if firm is None:
        firm = Unit(
            code=_code(of, credit_code, place),
            organ_type=of,
            name=name,
            name_en=name_en.strip()[:160],
            credit_code=credit_code,
            place=place,
            first=None if serves else place,
            last=None if serves else place,
            parent=parent,
            valid_from=on,
            synthetic=made_up,
        )
        _insert(firm)
    added = _look_after(firm, places, takes_over=takes_over, on=on)
    if is_new or added:
        data = {"kind": kind, "name": firm.name, "community": code_of(place, COMMUNITY), "compounds": added}
        record("duties.register_firm", subject=firm, by=by, at=at, place=place, data=data)
    return firm


def _standing_place(community: str, *, by: Actor) -> int:
    """The first place of the community where a firm stands."""
    if not community:
        raise CommunityMissing(field="community")
    try:
        ground = range_of(community)
    except ValueError:
        raise NotFound from None
    if code_of(ground.first, COMMUNITY) != community or not by.scope.covers(ground):
        raise NotFound
    return ground.first


def _checked(places: list[int], *, by: Actor) -> int:
    """The first of the compounds, once all of them are known and lie in the scope."""
    if not places:
        raise CompoundsMissing(field="compounds")
    if not all(by.scope.covers(range_of(code_of(place, COMPOUND))) for place in places):
        raise NotFound
    if Compound.objects.filter(place__in=places).count() < len(places):
        raise NotFound
    return places[0]


def _known(of: OrganType, name: str, credit_code: str, place: int) -> Unit | None:
    """The firm that is registered already; refused where the code is another's."""
    if not credit_code:
        near = Unit.objects.filter(organ_type=of, place__range=range_of(code_of(place, DISTRICT)))
        return near.filter(name=name, credit_code="", valid_to=None).first()
    known = Unit.objects.select_related("organ_type").filter(credit_code=credit_code).first()
    if known is not None and (known.organ_type_id != of.pk or known.name != name or known.valid_to is not None):
        raise CreditCodeTaken(firm=known, field="credit_code")
    return known


def _code(of: OrganType, credit_code: str, place: int) -> str:
    """The unit's code: by the firm's own code, so that no seeding of made-up firms ever meets it; else a number."""
    district = code_of(place, DISTRICT)
    if credit_code:
        return f"{district}:{of.code}-{credit_code.lower()}"
    made_up = Unit.objects.filter(organ_type=of, credit_code="", place__range=range_of(district))
    return f"{district}:{of.code}-{made_up.count() + 1}"


def _insert(firm: Unit) -> None:
    try:
        with transaction.atomic():
            firm.save(force_insert=True)
    except IntegrityError:  # a firm of another kind was registered under this code at the same moment
        raise CreditCodeTaken(firm=Unit.objects.get(credit_code=firm.credit_code), field="credit_code") from None


def _look_after(firm: Unit, places: list[int], *, takes_over: bool, on: date) -> int:
    """Gives a company the compounds that it does not look after yet; returns how many."""
    held = Stewardship.objects.select_for_update(of=("self",)).filter(place__in=places, helps=False, valid_to=None)
    others = {row.place: row for row in held.select_related("unit").order_by("place")}
    new = [place for place in places if place not in others or others[place].unit_id != firm.pk]
    taken = [others[place] for place in new if place in others]
    if taken and not takes_over:
        compound = Compound.objects.get(place=taken[0].place)
        raise CompoundLookedAfter(firm=taken[0].unit, compound=compound, field="compounds")
    Stewardship.objects.filter(pk__in=[row.pk for row in taken]).update(valid_to=on)
    Stewardship.objects.bulk_create(Stewardship(unit=firm, place=place, valid_from=on) for place in new)
    return len(new)
