"""Matters from other systems: checked line by line, taken over whole or not at all, the same file again adds nothing."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.desk.api import OwnTask, TaskKind, send_own
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.bulk import write
from qipan.kernel.refusal import BadInput, NotFound, Refusal
from qipan.kernel.sql import adapted, take_keys
from qipan.kernel.text import in_city_language

from ..ingest import Standing, Tally, add_counts
from ..models import Category, Import, ImportDraft, ImportMapping, Matter, Report
from ..queries.importing import in_parts, lookups, placing
from ..queries.offices import Offices
from ..queries.reading import place_names
from ..rules import limits
from ..rules.importing import Field, Line, Problem, Reader, Rules
from ..rules.joint import cell_at
from ..terms import Channel, Confirmation, State, StepKind
from .intake import to_file

MATTER = (
    "id", "place", "longitude", "latitude", "cell", "category_id", "channel", "private", "state", "handler_id", "first_receiver_id", "hops", "closing",
    "confirmation", "way", "tasks", "waiting_id", "reported_at", "review_called", "ended_at", "changed_at", "drill",
)  # fmt: skip
REPORT = (
    "matter_id", "text", "spot", "channel", "private", "code_hash", "nonce", "at", "by_label", "confirmed",
    "satisfied", "said_at",
)  # fmt: skip
STEP = ("matter_id", "kind", "detail", "unit_id", "at", "by_label", "note")
EXCLUSION = ("matter_id", "place", "kind", "ended_at", "batch_id", "account", "verdict", "note")
LINE = ("batch_id", "matter_id", "line", "number")
NULLABLE = frozenset(
    {
        "longitude",
        "latitude",
        "handler_id",
        "first_receiver_id",
        "ended_at",
        "confirmed",
        "satisfied",
        "said_at",
        "unit_id",
        "waiting_id",
    }
)
Told = tuple[str, str, int | None, datetime, str]  # a step: kind, detail, unit, when, note
KEEP_DRAFT = timedelta(days=1)


class LinesRefused(Refusal):
    """Bad lines, and nobody said that they be left out: nothing went in."""

    code = "lines_refused"
    sentence = ngettext_lazy(
        "%(bad)s of %(lines)s line cannot be taken over; nothing was imported.",
        "%(bad)s of %(lines)s lines cannot be taken over; nothing was imported.",
        "lines",
    )
    status = 400


class MappingUnknown(Refusal):
    code = "mapping_unknown"
    sentence = _("There is no mapping of this name.")
    status = 404


@dataclass(frozen=True)
class Checked:
    """What a file would bring: lines understood, what is wrong by line, and how many are held already."""

    lines: int
    good: list[Line]
    problems: list[Problem]
    held: int
    nonces: dict[int, str] = field(repr=False, default_factory=dict)

    @property
    def bad(self) -> int:
        """How many lines have something wrong."""
        return len({problem.line for problem in self.problems})

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Why lines are refused, the most frequent reason first."""
        return Counter(problem.reason for problem in self.problems).most_common()


def check_lines(
    header: Sequence[str],
    lines: Iterable[tuple[int, Sequence[str]]],
    *,
    mapping: str,
    rules: Rules,
    by: Actor,
    at: datetime,
) -> Checked:
    """This function will read every line by a mapping and write nothing. Needs ``matter.import``.

    ``lines`` are numbered as a spreadsheet program numbers them. Raises ``NotAllowed``, ``BadInput`` when the
    mapping names columns that are not there.
    """
    by.require("matter.import")
    named = {column for columns in rules.columns.values() for column in columns}
    if lacking := sorted(named - set(header)):
        raise BadInput([_now("columns are missing: %(names)s") % {"names": ", ".join(lacking)}])
    reader = Reader(header, rules, lookups(rules, by.scope), placing(rules), at=at)
    good: list[Line] = []
    nonces: dict[int, str] = {}
    seen: Counter[str] = Counter()
    numbered = Field.NUMBER in reader.cells
    count = 0
    for number, cells in lines:
        count += 1
        line = reader.line(number, cells)
        if line is None:
            continue
        key = line.number if numbered else "\x1f".join(cells)
        seen[key] += 1  # two lines that are quite the same are two matters, by their order
        nonces[number] = hashlib.sha256(f"{mapping}\x1e{key}\x1e{seen[key]}".encode()).hexdigest()
        good.append(line)
    held: set[str] = set()
    for part in in_parts(nonces.values(), 5000):
        held |= set(Report.objects.filter(nonce__in=part).values_list("nonce", flat=True))
    fresh = [line for line in good if nonces[line.line] not in held]
    return Checked(count, fresh, reader.problems, len(good) - len(fresh), nonces)


@transaction.atomic
def save_mapping(name: str, rules: Rules, *, by: Actor, at: datetime) -> ImportMapping:
    """This function will keep a mapping by its name; an earlier one of that name is replaced. Needs ``matter.import``.

    Raises ``NotAllowed``, ``BadInput`` without a name.
    """
    by.require("matter.import")
    name = name.strip()
    if not 1 <= len(name) <= 60:
        raise BadInput([_now("a mapping needs a name of at most 60 characters")], field="name")
    values = {"rules": rules.as_json(), "at": at, "by_label": by.label[:120]}
    held, _made = ImportMapping.objects.update_or_create(name=name, defaults=values)
    record("matters.save_mapping", subject=held, by=by, at=at, data={"name": name})
    return held


def import_lines(
    checked: Checked,
    *,
    name: str,
    sha256: str,
    mapping: str,
    rules: Rules,
    leave_out: bool = False,
    by: Actor,
    at: datetime,
) -> Import:
    """This function will take over what was checked, in one transaction. The same file again returns its first import.

    With bad lines nothing goes in, unless ``leave_out`` says that they stay out. Ended matters bring the history
    that the file tells; open ones wait to be filed, on the desk of the office of their place. Needs
    ``matter.import``. Raises ``NotAllowed``, ``LinesRefused``, ``NotFound`` (no office for a place).
    """
    by.require("matter.import")
    same = Import.objects.filter(sha256=sha256, mapping=mapping, undone_at=None)
    if (before := same.first()) is not None and not checked.good:
        return before
    if checked.bad and not leave_out:
        raise LinesRefused(bad=checked.bad, lines=checked.lines)
    try:
        with transaction.atomic():
            return _import(checked, name=name, sha256=sha256, mapping=mapping, rules=rules, by=by, at=at)
    except IntegrityError:
        if (before := same.first()) is not None:  # another took the same file at the same moment
            return before
        raise


@in_city_language
def _import(checked: Checked, *, name: str, sha256: str, mapping: str, rules: Rules, by: Actor, at: datetime) -> Import:
    batch = Import.objects.create(
        name=name[:120], sha256=sha256, mapping=mapping, lines=checked.lines, matters=len(checked.good),
        held=checked.held, left_out=checked.bad, at=at, by_label=by.label[:120],
    )  # fmt: skip
    lines = sorted(checked.good, key=lambda line: (line.reported, line.line))  # newest last, as if they had come in
    Writer(batch, lines, checked.nonces, rules=rules, by=by, at=at).write()
    data = {"file": name[:120], "mapping": mapping, "matters": batch.matters, "left_out": batch.left_out}
    record("matters.import", subject=batch, by=by, at=at, data=data)
    return batch


class Writer:
    """Writes the rows of an import set by set: matters, reports, steps, where they came from, the kept counts."""

    def __init__(
        self, batch: Import, lines: list[Line], nonces: dict[int, str], *, rules: Rules, by: Actor, at: datetime
    ) -> None:
        self.batch, self.lines, self.nonces, self.rules, self.by, self.at = batch, lines, nonces, rules, by, at
        self.keys = take_keys("matters_matter", len(lines))
        self.label = (_now("as told by %(file)s") % {"file": batch.name})[:120]
        self.untimed = _now("The file does not say when.")
        self.moment = cache(adapted)
        zone = get_current_timezone()
        self.month = cache(lambda moment: moment.astimezone(zone).date().replace(day=1))
        self.due = cache(lambda limit: (limits.due(limit, at), str(limits.clock_of(limit))))
        self.waiting: dict[int, int] = {}
        self.tallies: Counter[Tally] = Counter()
        self.standings: Counter[Standing] = Counter()

    def write(self) -> None:
        """This method will write everything; counts last, so that their rows are held for a short time."""
        self.waiting = self._ask()
        write("matters_matter", MATTER, self._matters(), nullable=NULLABLE)
        write("matters_report", REPORT, self._reports(), nullable=NULLABLE)
        write("matters_matterstep", STEP, self._steps(), nullable=NULLABLE)
        write("matters_exclusion", EXCLUSION, self._exclusions(), nullable=("account",))
        write("matters_importline", LINE, self._lines(), nullable=("batch_id", "matter_id", "line"))
        add_counts(self.tallies, self.standings)

    def _matters(self) -> Iterator[tuple[Any, ...]]:
        at, private = self.moment(self.at), self.rules.private
        for key, line in zip(self.keys, self.lines, strict=True):
            state = _state(line)
            self.standings[limits.community_of(line.place), str(state), False] += 1
            unit = line.unit if line.closing and not line.declined else None
            yield (
                key, line.place, line.point and line.point.longitude, line.point and line.point.latitude, cell_at(line.place, line.point), line.category, str(Channel.IMPORT), private, str(state), unit, unit,
                int(unit is not None), line.closing, str(_confirmation(line)), "", int(key in self.waiting), self.waiting.get(key),
                self.moment(line.reported), False,
                self._when(line.ended), self.moment(line.ended or line.reported) if line.closing else at, False,
            )  # fmt: skip

    def _when(self, moment: datetime | None) -> Any:
        return None if moment is None else self.moment(moment)

    def _reports(self) -> Iterator[tuple[Any, ...]]:
        private = self.rules.private
        for key, line in zip(self.keys, self.lines, strict=True):
            nonce = self.nonces[line.line]
            # No code opens it: nobody was told one.
            track = limits.keyed_hash(nonce, key=settings.SECRET_KEY, purpose="import")
            said = line.satisfied is not None
            yield (
                key, line.text, line.spot, str(Channel.IMPORT), private, track, nonce, self.moment(line.reported),
                self.label, True if said else None, line.satisfied,
                self.moment(line.ended or line.reported) if said else None,
            )  # fmt: skip

    def _steps(self) -> Iterator[tuple[Any, ...]]:
        who = self.by.label[:120]
        source = _now("%(file)s, line %(line)s")
        for key, line in zip(self.keys, self.lines, strict=True):
            community, category = limits.community_of(line.place), line.category
            note = source % {"file": self.batch.name, "line": line.line}
            if line.number:
                note += f" ({line.number})"
            if line.told:
                note += f": {line.told}"
            steps = [*self._told(line), (StepKind.IMPORTED.value, "", None, self.at, note)]
            for kind, detail, unit, at, said in steps:
                label = who if kind == StepKind.IMPORTED else self.label
                month = self.month(at)
                self.tallies[community, category, "IMPORT", unit or 0, month, kind, detail, False] += 1
                yield key, kind, detail, unit, self.moment(at), label, said[:1000]

    def _told(self, line: Line) -> Iterator[Told]:
        """The history that the file tells."""
        yield StepKind.REPORTED.value, "", None, line.reported, ""
        if not line.closing:
            return
        end, untold, unit = line.ended or line.reported, "" if line.ended else self.untimed, line.unit
        if line.declined:
            yield StepKind.DECLINED.value, line.closing, None, end, untold
            return
        if unit is not None:
            sent, note = line.dispatched or line.reported, "" if line.dispatched else self.untimed
            yield StepKind.DISPATCHED.value, "", unit, sent, note
        if line.satisfied is not None:
            yield StepKind.CONFIRMED.value, "SATISFIED" if line.satisfied else "UNSATISFIED", unit, end, untold
        yield StepKind.CLOSED.value, f"{line.closing}:{_confirmation(line)}", unit, end, untold

    def _exclusions(self) -> Iterator[tuple[Any, ...]]:
        """What another system declined counts in the rates here too, until the lead organisation confirms it."""
        for key, line in zip(self.keys, self.lines, strict=True):
            if line.declined:
                ended = self.moment(line.ended or line.reported)
                yield key, line.place, line.closing, ended, self.batch.pk, self.by.account_id, "", ""

    def _lines(self) -> Iterator[tuple[Any, ...]]:
        for key, line in zip(self.keys, self.lines, strict=True):
            yield self.batch.pk, key, line.line, line.number

    def _ask(self) -> dict[int, int]:
        """Each open matter goes on the desk of the office that files what is reported there; by matter, its task."""
        categories = Category.objects.in_bulk({line.category for line in self.lines if not line.closing})
        places = {line.place for line in self.lines if not line.closing}
        names = _names(places)
        offices = Offices()
        tasks: dict[int, OwnTask] = {}
        for key, line in zip(self.keys, self.lines, strict=True):
            if line.closing:
                continue
            office = offices.at(line.place)
            category = categories[line.category]
            matter = Matter(pk=key, category=category, place=line.place, reported_at=line.reported)
            title, basis = to_file(matter, names[line.place])
            due_at, clock = self.due(category.limit_file)
            tasks[key] = OwnTask(f"matter:{key}:1", title, office, line.place, basis, due_at, clock)
        source = f"matters.Import:{self.batch.pk}"
        made = send_own(list(tasks.values()), kind=TaskKind.MATTER, source=source, by=self.by, at=self.at)
        return dict(zip(tasks, made, strict=True))


@in_city_language
def _names(places: set[int]) -> dict[int, str]:
    """Places in words: a community before its compounds."""
    communities = {place: limits.community_of(place) for place in places}
    said: dict[int, str] = {}
    for part in in_parts(places | set(communities.values()), 5000):
        said |= place_names(part)
    return {place: " ".join(dict.fromkeys((said[communities[place]], said[place]))) for place in places}


def _state(line: Line) -> State:
    if not line.closing:
        return State.REPORTED
    return State.DECLINED if line.declined else State.CLOSED


def _confirmation(line: Line) -> Confirmation:
    if not line.closing or line.declined:
        return Confirmation.NONE
    return Confirmation.UNCONFIRMED if line.satisfied is None else Confirmation.CONFIRMED


def keep_draft(name: str, content: bytes, *, by: Actor, at: datetime) -> ImportDraft:
    """This function will keep a file while somebody maps it, for a day. Needs ``matter.import``. Raises ``NotAllowed``."""
    by.require("matter.import")
    kept = {"name": name[:120], "content": content, "account": by.account_id}
    return ImportDraft.objects.create(**kept, at=at, erase_at=at + KEEP_DRAFT)


def get_draft(pk: int, *, by: Actor, at: datetime) -> ImportDraft:
    """This function will return a file to who brought it, within its day. Raises ``NotAllowed``, ``NotFound``."""
    by.require("matter.import")
    found = ImportDraft.objects.filter(pk=pk, account=by.account_id, erase_at__gt=at).first()
    if found is None:
        raise NotFound
    return found


def erase_drafts(*, at: datetime) -> int:
    """This function will erase the files whose day is over; returns how many."""
    return ImportDraft.objects.filter(erase_at__lte=at).delete()[0]
