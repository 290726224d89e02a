"""``qipan evaluate-suggestions --train FILE --test FILE``: how good proposals are on a city's own cases."""

from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qipan.kernel.refusal import BadInput, Refusal
from qipan.matters.rules.learning import measure
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


class Command(BaseCommand):
    help = "Trains suggestions on one file of closed cases and prints the accuracy on another, beside a plain majority."

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
            train.sort(key=lambda case: case.at)
            cut = int(len(train) * options["split"])
            train, test = train[:cut], train[cut:]
        else:
            raise CommandError("name --test FILE, or --split with a share between 0 and 1")
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
            share = lambda n, of=found.cases: f"{n / of:6.1%}" if of else "     –"  # noqa: E731
            self.stdout.write(
                f"{target}: trained on {len(train):,} cases, asked for {found.cases:,} in {perf_counter() - begun:.1f} s\n"
                f"  majority of area and category      {share(found.baseline)}\n"
                f"  suggestion                         {share(found.first)}\n"
                f"  right one among three suggestions  {share(found.among_three)}\n"
                f"  mean confidence given              {found.confidence:6.1%}\n"
                f"  confident (0.8 or more)            {share(found.sure)} of cases, of these right {share(found.sure_right, found.sure)}"
            )
        if not measured:
            raise CommandError("nothing could be measured: no column of units, and none of text with categories")

    def _read(self, path: Path, options: dict[str, Any]) -> list[Case]:
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
        cases, undated, unanswered = [], 0, 0
        for row in rows:
            held = {name: row[column] if column else "" for name, column in columns.items()}
            held = {name: "" if value in MISSING else value for name, value in held.items()}
            at = moment(held["at"]) if columns["at"] else EPOCH
            if at is None:
                undated += 1
                continue
            unanswered += not held["unit"]
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
        return cases
