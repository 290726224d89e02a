"""What offices store themselves: added, counted again, handed out, taken back, struck off; from a file, too."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import localdate
from django.utils.translation import gettext

from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput, NotFound, Refusal
from qipan.posture.api import Declaration, declarations_on

from .. import rules
from ..models import Handout, Store
from .offering import check_quantity
from .parties import note, unit_of
from .refusals import (
    ChangedMeanwhile,
    DayOver,
    EmergencyOver,
    MeasureStays,
    NotADay,
    NotAnOffice,
    NotThatMany,
    ReasonMissing,
    StillOut,
    StoreTwice,
    WordsMissing,
)

ACT = "store.keep"
COLUMNS = ("name", "measure", "amount", "per_day", "kept_at", "use_by")  # of a file


def office_of(by: Actor) -> Unit:
    """This function will return the office that a post acts for. Raises ``NotAllowed``, ``NotAnOffice``.

    What a community holds stands on its own page; a firm offers and is paid.
    """
    unit = unit_of(by, ACT)
    if unit.organ_type.executes_only or unit.valid_to is not None:
        raise NotAnOffice(unit=unit)
    return unit


def _words(text: str, most: int, field: str) -> str:
    said = " ".join(text.split())[:most]
    if not said:
        raise WordsMissing(field=field)
    return said


def _amount(amount: int | None, field: str = "amount") -> int:
    """A whole number, 0 where the store is empty."""
    return 0 if amount == 0 else check_quantity(amount, field=field)


def _use(per_day: int | None) -> int | None:
    return None if per_day is None else check_quantity(per_day, field="per_day")


@transaction.atomic
def add_store(
    *,
    name: str,
    measure: str,
    amount: int | None,
    per_day: int | None,
    kept_at: str,
    use_by: date | None,
    by: Actor,
    at: datetime,
) -> Store:
    """This function will put one more thing on the list of what the actor's office stores, counted now.

    Needs ``store.keep`` in an office. Raises ``NotAllowed``, ``NotAnOffice``, ``WordsMissing``, ``NotANumber``,
    ``StoreTwice``.
    """
    unit = Unit.objects.select_for_update(of=("self",)).get(
        pk=office_of(by).pk
    )  # two who add the same do so one by one
    name, kept_at = _words(name, 60, "name"), _words(kept_at, 120, "kept_at")
    if _standing(unit).filter(name=name, kept_at=kept_at).exists():
        raise StoreTwice(what=name, field="name")
    store = Store.objects.create(
        unit=unit,
        place=unit.place,
        name=name,
        measure=_words(measure, 12, "measure"),
        amount=_amount(amount),
        per_day=_use(per_day),
        kept_at=kept_at,
        use_by=use_by,
        added_at=at,
        counted_at=at,
        counted_by=by.label[:120],
    )
    note("add_store", store, place=unit.place, by=by, at=at, name=name, amount=store.amount)
    return store


@transaction.atomic
def count_store(
    store: Store,
    *,
    amount: int | None,
    per_day: int | None,
    use_by: date | None,
    seen: int | None,
    by: Actor,
    at: datetime,
) -> Store:
    """This function will keep how much of something is there, as it was counted now; ``seen`` is what the page showed.

    Needs ``store.keep`` in the office itself. Raises ``NotAllowed``, ``NotAnOffice``, ``NotFound``, ``NotANumber``,
    ``ChangedMeanwhile``.
    """
    held = _own(store, by=by)
    before, counted, use = held.amount, _amount(amount), _use(per_day)
    if seen != before:
        raise ChangedMeanwhile(field="amount")
    held.amount, held.per_day, held.use_by, held.counted_at, held.counted_by = counted, use, use_by, at, by.label[:120]
    held.save(update_fields=["amount", "per_day", "use_by", "counted_at", "counted_by"])
    note("count_store", held, place=held.place, by=by, at=at, amount=counted, before=before)
    return held


@transaction.atomic
def hand_out(
    store: Store,
    *,
    quantity: int | None,
    to: Unit | None,
    purpose: str,
    back_by: date | None,
    declaration: Declaration | None,
    nonce: str,
    by: Actor,
    at: datetime,
) -> Handout:
    """This function will hand so much of a store out to a unit; ``back_by`` says that it comes back, and by which day.

    ``declaration`` is the emergency that it is for, in force and no exercise: an exercise uses nothing up. The same nonce is the
    same handing out. Needs ``store.keep`` in the office itself. Raises ``NotAllowed``, ``NotAnOffice``, ``NotFound``,
    ``NotANumber``, ``NotThatMany``, ``WordsMissing``, ``DayOver``, ``EmergencyOver``.
    """
    held = _own(store, by=by)
    done = Handout.objects.filter(nonce=nonce).first()
    if done is not None:
        if done.store_id != held.pk:
            raise NotFound
        return done
    quantity = check_quantity(quantity)
    if to is None or to.valid_to is not None or to.pk == held.unit_id:
        raise WordsMissing(field="to")
    if back_by is not None and back_by < localdate(at):
        raise DayOver(field="back_by")
    if declaration is not None and not _holds(declaration, by=by, at=at):
        raise EmergencyOver(field="declaration")
    purpose = _words(purpose, 120, "purpose")
    if quantity > held.amount:
        raise NotThatMany(left=held.amount, measure=held.measure, field="quantity")
    held.amount -= quantity
    held.save(update_fields=["amount"])
    handout = Handout.objects.create(
        store=held,
        to=to,
        declaration=declaration,
        quantity=quantity,
        purpose=purpose,
        handed_at=at,
        handed_by=by.label[:120],
        back_by=back_by,
        nonce=nonce,
    )
    note("hand_out", handout, place=held.place, by=by, at=at, store=held.pk, quantity=quantity, to=to.code)
    return handout


@transaction.atomic
def take_back(handout: Handout, *, came_back: int | None, missing_why: str = "", by: Actor, at: datetime) -> Handout:
    """This function will take back what was handed out: what came back is on hand again, what did not has its reason.

    Needs ``store.keep`` in the office itself. Raises ``NotAllowed``, ``NotAnOffice``, ``NotFound`` (used up, or back already),
    ``NotANumber``, ``NotThatMany``, ``ReasonMissing``.
    """
    held = _own(Store.objects.everywhere("checked next").get(pk=handout.store_id), by=by, ended=True)
    out = Handout.objects.select_for_update().get(pk=handout.pk)
    if not out.is_out:
        raise NotFound
    count = _amount(came_back, "came_back")
    if count > out.quantity:
        raise NotThatMany(left=out.quantity, measure=held.measure, field="came_back")
    why = " ".join(missing_why.split())[:120]
    if count < out.quantity and not why:
        raise ReasonMissing(field="missing_why")
    held.amount += count
    held.save(update_fields=["amount"])
    out.came_back, out.back_at, out.missing_why = count, at, why if count < out.quantity else ""
    out.save(update_fields=["came_back", "back_at", "missing_why"])
    note("take_back", out, place=held.place, by=by, at=at, store=held.pk, came_back=count)
    return out


@transaction.atomic
def end_store(store: Store, *, by: Actor, at: datetime) -> Store:
    """This function will strike something off the list of what an office stores; what was handed out stays on record.

    Needs ``store.keep`` in the office itself. Raises ``NotAllowed``, ``NotAnOffice``, ``NotFound``, ``StillOut``.
    """
    held = _own(store, by=by)
    out = Handout.objects.filter(store=held, back_at=None, back_by__isnull=False).count()
    if out:
        raise StillOut(count=out)
    held.ended_at = at
    held.save(update_fields=["ended_at"])
    note("end_store", held, place=held.place, by=by, at=at, amount=held.amount)
    return held


@transaction.atomic
def import_stores(rows: Iterable[Mapping[str, str]], *, by: Actor, at: datetime) -> tuple[int, int]:
    """This function will read what an office stores from a file, whole or not at all: how many are new, how many were counted.

    A line with the name and spot of something on the list counts it again. Needs ``store.keep`` in an office. Raises
    ``NotAllowed``, ``NotAnOffice``, ``BadInput``, which names each line that cannot be.
    """
    unit = office_of(by)
    problems: list[str] = []
    added = counted = 0
    for row in rows:
        try:
            given = {name: row.get(name, "") for name in ("name", "measure", "kept_at")}
            amount, per_day = _number(row, "amount"), _number(row, "per_day")
            use_by = _day(row.get("use_by", ""))
            standing = _standing(unit).filter(
                name=_words(given["name"], 60, "name"), kept_at=_words(given["kept_at"], 120, "kept_at")
            )
            held = standing.first()
            if held is not None and held.measure != given["measure"].strip():
                raise MeasureStays(measure=held.measure)
            if held is None:
                add_store(**given, amount=amount, per_day=per_day, use_by=use_by, by=by, at=at)
                added += 1
            else:
                count_store(held, amount=amount, per_day=per_day, use_by=use_by, seen=held.amount, by=by, at=at)
                counted += 1
        except Refusal as refusal:
            where = gettext("line %(line)s") % {"line": row.get("line", "")}
            problems.append(f"{where}: {refusal}")
    if problems or not added + counted:
        raise BadInput(problems or [gettext("the file names nothing")])
    return added, counted


def _number(row: Mapping[str, str], name: str) -> int | None:
    """A number of a file; None where nothing is said, and one that is refused where it is none."""
    text = row.get(name, "").strip()
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _day(text: str) -> date | None:
    text = text.strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise NotADay(field="use_by") from None


def _holds(declaration: Declaration, *, by: Actor, at: datetime) -> bool:
    """Whether an emergency is in force on the actor's ground, and no exercise."""
    runs = rules.running(declaration.starts_at, declaration.expected_until, declaration.ended_at, at=at)
    return runs and not declaration.drill and declarations_on(by.scope.ranges).filter(pk=declaration.pk).exists()


def _standing(unit: Unit) -> QuerySet[Store]:
    return Store.objects.everywhere("an office's own").filter(unit=unit, ended_at=None)


def _own(store: Store, *, by: Actor, ended: bool = False) -> Store:
    """The store, locked, after right and office were checked; two who change it at once do so one by one."""
    unit = office_of(by)
    rows = Store.objects.select_for_update().everywhere("the office's own").filter(pk=store.pk, unit=unit)
    held = (rows if ended else rows.filter(ended_at=None)).first()
    if held is None:
        raise NotFound
    return held
