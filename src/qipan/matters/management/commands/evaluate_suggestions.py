"""``qipan evaluate-suggestions --train FILE --test FILE``: how good proposals are on a city's own cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qipan.kernel.refusal import BadInput, Refusal
from qipan.matters.rules import limits
from qipan.matters.rules.joining import ends_of
from qipan.matters.rules.learning import learn_pairs, measure, said_of, try_pairs
from qipan.matters.rules.points import PointWrong, read_point
from qipan.matters.rules.sameness import Decided, Told, decided
from qipan.matters.rules.suggestions import EPOCH, Case
from qipan.webkit.sheets import read_table

# What such columns are called in the files of cities; each can be named by an option instead.
COLUMNS = {
    "area": ("street", "STREET_NAME", "街道", "NCName", "neighborhood", "Borough", "borough"),
    "subarea": ("community", "COMMUNITY_NAME", "社区", "ZipCode", "incident_zip", "Incident Zip"),
    "category": ("category", "SUB_TYPE_NAME", "小类", "RequestType", "descriptor", "Descriptor", "一级分类"),
    "group": ("group", "MAIN_TYPE_NAME", "大类", "Complaint Type", "complaint_type"),
    "supergroup": ("supergroup", "EVENT_TYPE_NAME"),
    "channel": ("channel", "EVENT_SRC_NAME", "RequestSource", "source", "open_data_channel_type"),
    "unit": ("unit", "DISPOSE_UNIT_NAME", "Owner", "agency_name", "Agency Name"),
    "text": ("text", "留言详情", "诉求内容"),
    "number": ("number", "SR_NUMBER", "工单编号"),
    "same": ("same_as", "PARENT_SR_NUMBER", "并入编号"),
    "latitude": ("latitude", "LATITUDE", "Latitude"),
    "longitude": ("longitude", "LONGITUDE", "Longitude"),
    "ended": ("ended", "CLOSED_DATE", "ClosedDate", "Closed Date", "END_TIME"),
    "at": ("reported", "CREATE_TIME", "CreatedDate", "created_date", "Created Date", "留言时间"),
}
MISSING = {"", "-", "N/A", "NULL", "null", "Unspecified"}
FORMS = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%m/%d/%Y %I:%M:%S %p")


def moment(text: str) -> datetime | None:
    """This function will read a moment as files write it; None when it is none. Only the order counts."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        pass
    for form in FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


@dataclass(frozen=True)
class Held:
    """What a file holds: its cases, and the pairs that people joined or left apart."""

    cases: list[Case]
    pairs: list[Decided]

    def parted(self, earliest: float) -> tuple["Held", "Held"]:
        """This method will part the earliest of the cases from the rest, and the pairs at the same moment."""
        cases = sorted(self.cases, key=lambda case: case.at)
        cut = int(len(cases) * earliest)
        until = cases[cut].at if cut < len(cases) else None
        early = [pair for pair in self.pairs if until is None or pair.at < until]
        late = [pair for pair in self.pairs if until is not None and pair.at >= until]
        return Held(cases[:cut], early), Held(cases[cut:], late)


def share(n: int, of: int) -> str:
    """This function will write a share in percent."""
    return f"{n / of:6.1%}" if of else "     –"


def pairs_in(rows: Sequence[dict[str, str]], cases: Sequence[Case]) -> list[Decided]:
    """This function will return the pairs of a file: the same are those of which one names the number of the other."""
    keys = {row["number"]: key for key, row in enumerate(rows) if row["number"]}
    links = {key: keys[row["same"]] for key, row in enumerate(rows) if row["same"] in keys}
    ends = ends_of({key: to for key, to in links.items() if key != to})
    told = []
    for key, (row, case) in enumerate(zip(rows, cases, strict=True)):
        try:
            point = read_point(row["longitude"], row["latitude"])
        except PointWrong:
            point = None
        ended, where = moment(row["ended"]), case.areas
        words = limits.pairs(case.text)
        told.append(
            Told(key, ends.get(key, key), case.at, ended, (*case.groups, case.category), where, (where,), words, point)
        )
    return list(decided(told))


class Command(BaseCommand):
    help = "Trains suggestions on one file of closed cases and prints the accuracy on another, beside a plain rule."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--train", required=True, type=Path, help="CSV or XLSX of earlier cases")
        parser.add_argument("--test", type=Path, help="CSV or XLSX of later cases")
        parser.add_argument("--split", type=float, help="without --test: the earliest share to train on, such as 0.7")
        for name, names in COLUMNS.items():
            parser.add_argument(f"--{name}", metavar="COLUMN", help=f"column; else the first of: {', '.join(names)}")

    def handle(self, *args: Any, **options: Any) -> None:
        train = self._read(options["train"], options)
        if options["test"]:
            test = self._read(options["test"], options)
        elif options["split"] and 0 < options["split"] < 1:
            train, test = train.parted(options["split"])
        else:
            raise CommandError("name --test FILE, or --split with a share between 0 and 1")
        measured = self._cases(train.cases, test.cases) + self._pairs(train.pairs, test.pairs)
        if not measured:
            raise CommandError("nothing could be measured: no column of units, and none of text with categories")

    def _cases(self, train: Sequence[Case], test: Sequence[Case]) -> int:
        measured = 0
        for target in ("unit", "category"):
            if not any(getattr(case, target) and (target == "unit" or case.text) for case in train):
                needed = "units" if target == "unit" else "text with categories"
                self.stdout.write(f"{target}: not measured, the file holds no {needed}")
                continue
            begun = perf_counter()
            try:
                found = measure(train, test, target=target)
            except Refusal as refusal:
                raise CommandError(str(refusal)) from None
            measured += 1
            self.stdout.write(
                f"{target}: trained on {len(train):,} cases, asked for {found.cases:,} in {perf_counter() - begun:.1f} s\n"
                f"  majority of area and category      {share(found.baseline, found.cases)}\n"
                f"  suggestion                         {share(found.first, found.cases)}\n"
                f"  right one among three suggestions  {share(found.among_three, found.cases)}\n"
                f"  mean confidence given              {found.confidence:6.1%}\n"
                f"  confident (0.8 or more)            {share(found.sure, found.cases)} of cases, of these right {share(found.sure_right, found.sure)}"
            )
        return measured

    def _pairs(self, train: Sequence[Decided], test: Sequence[Decided]) -> int:
        if not any(pair.same for pair in train) or not test:
            self.stdout.write("duplicate: not measured, the file holds no cases that were joined to others near them")
            return 0
        begun = perf_counter()
        try:
            model = learn_pairs(train)
        except Refusal as refusal:
            self.stdout.write(f"duplicate: not measured. {refusal}")
            return 0
        found = try_pairs(model, test)
        self.stdout.write(
            f"duplicate: learned from {len(train):,} pairs, asked for {found.pairs:,} in {perf_counter() - begun:.1f} s, "
            f"of which people joined {found.joined:,}\n"
            f"  likeness of words: called the same {found.likely:,}, of these right {share(found.likely_found, found.likely)}, "
            f"found of the joined {share(found.likely_found, found.joined)}, all pairs said rightly "
            f"{share(found.right_by_words, found.pairs)}\n"
            f"  what was learned:  called the same {found.proposed:,}, of these right {share(found.found, found.proposed)}, "
            f"found of the joined {share(found.found, found.joined)}, all pairs said rightly "
            f"{share(found.right, found.pairs)}\n"
            f"  mean share said {said_of(model, (pair.pair for pair in test)):.1%}, "
            f"joined of all pairs {share(found.joined, found.pairs)}"
        )
        return 1

    def _read(self, path: Path, options: dict[str, Any]) -> Held:
        try:
            rows = read_table(path.read_bytes())
        except OSError as error:
            raise CommandError(str(error)) from None
        except BadInput as refusal:
            raise CommandError(f"{path}: {'; '.join(refusal.problems)}") from None
        if not rows:
            raise CommandError(f"{path}: no lines")
        columns: dict[str, str | None] = {}
        for name, names in COLUMNS.items():
            wanted = options.get(name)
            if wanted and wanted not in rows[0]:
                raise CommandError(f"{path}: there is no column {wanted}")
            columns[name] = wanted or next((one for one in names if one in rows[0]), None)
        cases, kept, undated, unanswered = [], [], 0, 0
        for row in rows:
            held = {name: row[column] if column else "" for name, column in columns.items()}
            held = {name: "" if value in MISSING else value for name, value in held.items()}
            at = moment(held["at"]) if columns["at"] else EPOCH
            if at is None:
                undated += 1
                continue
            unanswered += not held["unit"]
            kept.append(held)
            cases.append(
                Case(
                    areas=(held["area"], held["subarea"]),
                    category=held["category"],
                    groups=tuple(one for one in (held["supergroup"], held["group"]) if one),
                    channel=held["channel"],
                    text=held["text"][:2000],
                    unit=held["unit"],
                    at=at,
                )
            )
        used = ", ".join(f"{name}={column}" for name, column in columns.items() if column)
        self.stdout.write(
            f"{path.name}: {len(rows):,} lines; left out: {undated:,} without a date that can be read, "
            f"{unanswered:,} without a unit (for the unit only); columns {used}"
        )
        return Held(cases, pairs_in(kept, cases) if columns["same"] else [])
