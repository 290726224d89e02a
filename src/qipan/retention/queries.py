"""Reading what is due, runs with their certificates, holds, wishes, and own data by a code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet, Sum
from django.urls import reverse
from django.utils.translation import override

from qipan.access.api import Account, Post
from qipan.duties.api import signing_unit
from qipan.journal.api import entries_about
from qipan.kernel.actor import Actor
from qipan.kernel.opened import Emergency, OpenLine
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound
from qipan.kernel.retention import (
    Own,
    PersonalData,
    declared,
    destroyed_with,
    openers,
    personal_data,
    told_with,
)
from qipan.laws.api import Article, Flag, cited_by, flags_of

from .models import Backup, Certificate, DestructionRun, DueLot, Hold, Purpose, RunLot, Wish
from .terms import RunState

ENTRIES = 50
PURPOSE = "retention.Purpose"


@dataclass(frozen=True)
class RoomLots:
    """What one room holds for one purpose, with what falls due together."""

    model: str
    room: str
    data: list[PersonalData]
    lots: list[DueLot]

    @property
    def purpose(self) -> str:
        """What the rows are held for."""
        return str(next(one.purpose for one in self.data if one.model == self.model))

    @property
    def rows(self) -> int:
        """How many rows, of the kept numbers."""
        return sum(lot.rows for lot in self.lots)


def due_lots(*, actor: Actor, emergency: str | None = None) -> list[DueLot]:
    """This function will return the lots on the actor's ground, what is due first; of one declaration where it is named."""
    rows = DueLot.objects.order_by("model", "due", "key")
    if emergency is not None:
        rows = rows.filter(emergency=emergency)
    return [lot for lot in rows if all(actor.scope.covers(ground) for ground in lot.ranges)]


def by_room(lots: Sequence[DueLot]) -> list[RoomLots]:
    """This function will group lots by room and purpose."""
    found: dict[str, list[DueLot]] = {}
    for lot in lots:
        found.setdefault(lot.model, []).append(lot)
    return [RoomLots(model, model.partition(".")[0], told_with(model), some) for model, some in sorted(found.items())]


def in_runs() -> dict[tuple[str, str], int]:
    """This function will return which lots stand in which open destruction."""
    return {
        (model, key): run for model, key, run in RunLot.objects.filter(open=True).values_list("model", "key", "run")
    }


@dataclass(frozen=True)
class Rested:
    """A declared kind of personal data, and what its purpose rests on."""

    data: PersonalData
    purpose: int | None  # its key; None: it was declared just now
    articles: list[Article]
    flags: list[Flag]  # those that were repealed or replaced


def register() -> dict[str, list[Rested]]:
    """This function will return everything that is declared, room by room, with its legal basis: what everyone may read."""
    keys = {(one.model, one.fields): one.pk for one in Purpose.objects.all()}
    cited, flags = cited_by(PURPOSE, keys.values()), flags_of(PURPOSE, keys.values())
    found: dict[str, list[Rested]] = {}
    for one in personal_data():
        key = keys.get((one.model, one.fields))
        rested = Rested(one, key, cited.get(key or 0, []), flags.get(key or 0, []))
        found.setdefault(one.room, []).append(rested)
    return found


def get_purpose(pk: int) -> tuple[Purpose, PersonalData]:
    """This function will return a purpose and how it is declared. Raises ``NotFound``."""
    held = Purpose.objects.filter(pk=pk).first()
    for one in personal_data():
        if held is not None and (one.model, one.fields) == (held.model, held.fields):
            return held, one
    raise NotFound


def names_of_purposes(keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    """This function will return how purposes are called, and where everyone reads them, by key."""
    said = {(one.model, one.fields): str(one.purpose) for one in personal_data()}
    return {
        one.pk: (
            f"{said.get((one.model, one.fields), one.fields)} · {one.model}",
            f"{reverse('privacy')}#purpose-{one.pk}",
        )
        for one in Purpose.objects.filter(pk__in=keys)
    }


def purpose_of(said: Mapping[str, Any]) -> str:
    """This function will return the purpose that a certificate names, in the reader's language.

    It was signed in one language, which stays in the file. Where it is what is still declared of those columns, in that
    language, it is said in the reader's; else as it was signed.
    """
    signed = str(said["purpose"])
    for one in personal_data():
        if one.model == said["model"] and list(one.names) == list(said["fields"]):
            for language, _name in settings.LANGUAGES:
                with override(language):
                    same = str(one.purpose) == signed
                if same:
                    return str(one.purpose)
    return signed


def get_run(pk: int, *, actor: Actor) -> DestructionRun:
    """This function will return a destruction whose ground the actor's scope covers; raises ``NotFound``."""
    run = DestructionRun.objects.filter(pk=pk).first()
    if run is None or any(not actor.scope.covers(ground) for lot in run.lots.all() for ground in lot.ranges):
        raise NotFound
    return run


def runs_for(actor: Actor) -> list[DestructionRun]:
    """This function will return the destructions on the actor's ground, the newest first."""
    rows = DestructionRun.objects.prefetch_related("lots").select_related("certificate").order_by("-pk")[:50]
    return [run for run in rows if all(actor.scope.covers(ground) for lot in run.lots.all() for ground in lot.ranges)]


@dataclass(frozen=True)
class Progress:
    """How far a destruction has come."""

    expected: int
    destroyed: int
    held: int
    steps: int

    @property
    def percent(self) -> int:
        """Of what was expected, rounded down."""
        return min(100, 100 * (self.destroyed + self.held) // self.expected) if self.expected else 100


def progress_of(run: DestructionRun) -> Progress:
    """This function will sum what the lots of a run say."""
    sums = run.lots.aggregate(e=Sum("rows"), d=Sum("destroyed"), h=Sum("held"), s=Sum("steps"))
    return Progress(*(int(sums[name] or 0) for name in "edhs"))


def holds_for(actor: Actor, *, at: datetime) -> list[Hold]:
    """This function will return the holds in force on the actor's ground."""
    rows = Hold.objects.filter(lifted_at=None, until__gt=at).order_by("until", "pk")
    return [hold for hold in rows if all(actor.scope.covers(one) for one in hold.ranges)]


def holds_in(run: DestructionRun, *, at: datetime) -> list[Hold]:
    """This function will return the holds in force on a run's lots."""
    keys = set(run.lots.values_list("model", "key"))
    rows = Hold.objects.filter(lifted_at=None, until__gt=at, key__in=[key for _model, key in keys]).order_by("pk")
    return [hold for hold in rows if (hold.model, hold.key) in keys]


def grounds_held(model: str, at: datetime) -> dict[str, list[Range]]:
    """This function will return the grounds that holds in force keep, by the key of their lot."""
    found: dict[str, list[Range]] = {}
    for hold in Hold.objects.filter(model=model, lifted_at=None, until__gt=at):
        found.setdefault(hold.key, []).extend(hold.ranges)
    return found


def backups_of(run: DestructionRun | None, *, at: datetime) -> list[list[str]]:
    """This function will return the backups that hold a copy of what a run destroys at ``at``, as it names them: those it
    has named and those listed since. Each is name, where, made, lives until.
    """
    named: list[list[str]] = [] if run is None else run.backups
    living = [
        [one.name, one.where, one.made_at.isoformat(), one.lives_until.isoformat()]
        for one in backups_living(at).order_by("lives_until", "pk")
    ]
    return named + [one for one in living if one not in named]


def backups_living(at: datetime) -> QuerySet[Backup]:
    """This function will return the backups that are not gone yet."""
    return Backup.objects.filter(lives_until__gt=at).order_by("lives_until", "pk")


def certificates() -> QuerySet[Certificate]:
    """This function will return all certificates, the newest first: everyone may read them."""
    return Certificate.objects.select_related("run").order_by("-issued_at", "-pk")


def destroyed_of(emergency: str) -> list[RunLot]:
    """This function will return what was destroyed of an emergency, by lot, each with its run's certificate."""
    rows = RunLot.objects.filter(emergency=emergency, run__certificate__isnull=False).select_related("run__certificate")
    return list(rows.order_by("run__certificate__issued_at", "order"))


def own_by_code(code: str, *, at: datetime) -> Own:
    """This function will return what a code opens: one purpose and no other. Raises ``NotFound``.

    Where everything was erased, what was asked about it is what is left.
    """
    for opener in openers().values():
        found = opener.open(code, at)
        if found is not None:
            return found
    named = [subject for opener in openers().values() for subject in opener.subjects(code)]
    asked = Wish.objects.everywhere("opened by its own code").filter(subject__in=named).order_by("pk").last()
    if asked is None:
        raise NotFound
    return Own(asked.subject, asked.purpose, [], [], asked.unit_id, asked.place, asked.drill)


def wishes_of(subject: str) -> list[Wish]:
    """This function will return what was asked about a subject, the newest first."""
    rows = Wish.objects.everywhere("opened by its own code").filter(subject=subject)
    return list(rows.select_related("unit").order_by("-pk"))


def wishes_to(actor: Actor) -> QuerySet[Wish]:
    """This function will return the wishes to the actor's own unit, and the open ones to an ended unit that it may answer
    for (``signing_unit``); the open ones first.
    """
    ended = Wish.objects.within(actor.scope).filter(unit__valid_to__isnull=False, decided_at=None)
    units = {one.unit_id: one.unit for one in ended.select_related("unit__organ_type")}
    instead = [key for key, unit in units.items() if signing_unit(unit, by=actor) is not None]
    rows = Wish.objects.within(actor.scope).filter(Q(unit=actor.unit_id or 0) | Q(unit__in=instead, decided_at=None))
    return rows.order_by(F("decided_at").desc(nulls_first=True), "due_at", "pk")


def get_wish(pk: int, *, actor: Actor) -> Wish:
    """This function will return a wish to the actor's own unit, or to an ended one that it answers for; any other looks
    missing (``NotFound``).
    """
    rows = Wish.objects.within(actor.scope).select_related("unit__organ_type", "task")
    found = rows.filter(pk=pk).first()
    if actor.unit_id is None or found is None or signing_unit(found.unit, by=actor) is None:
        raise NotFound
    return found


def what_goes(model: str) -> list[PersonalData]:
    """This function will return what a run destroys with the lots of a model."""
    return destroyed_with(model)


def account_data(account_id: int) -> dict[str, object]:
    """This function will return what is held of an account: its own columns, its offices, and who changed it.

    Nothing of what the account did: that is the record of acts, and nobody's profile.
    """
    account = Account.objects.get(pk=account_id)
    posts = Post.objects.filter(account=account_id).everywhere("an account's own posts").select_related("unit", "role")
    subjects = [f"access.Account:{account_id}", *(f"access.Post:{post.pk}" for post in posts)]
    return {
        "account": account,
        "posts": posts.order_by("-valid_from", "-pk"),
        "changes": entries_about(subjects)[:ENTRIES],
        "declared": declared()["access.Account"].personal,
    }


def open_lines(emergency: Emergency, *, at: datetime) -> list[OpenLine]:
    """This function will list what is held of persons because of an emergency, a line for each lot; drills apart."""
    return [
        OpenLine(
            "RECORDS",
            f"{lot.model}:{lot.key}"[:80],
            lot.title,
            emergency.issuer,
            lot.began or emergency.since,
            count=lot.rows,
            detail={"model": lot.model, "key": lot.key},
        )
        for lot in DueLot.objects.filter(emergency=emergency.number, drill=emergency.drill).order_by("model", "key")
    ]


@dataclass(frozen=True)
class LotState:
    """How far a lot has come: what is held yet and since when its clock runs, in which destruction, by which certificate."""

    lot: DueLot | None  # None: nothing of it is held any more
    run: int | None  # the destruction in which it stands
    certificate: str  # of the last destruction that took of it
    held: int  # rows that it left under a hold


def lot_state(model: str, key: str) -> LotState:
    """This function will return how far a lot has come."""
    standing = RunLot.objects.filter(model=model, key=key)
    done = standing.filter(run__state=RunState.DONE).select_related("run__certificate").order_by("-run").first()
    return LotState(
        lot=DueLot.objects.filter(model=model, key=key).first(),
        run=standing.filter(open=True).values_list("run", flat=True).first(),
        certificate=done.run.certificate.number if done is not None else "",
        held=done.held if done is not None else 0,
    )
