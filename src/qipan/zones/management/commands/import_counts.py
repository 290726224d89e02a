"""qipan import-counts: a published series of daily counts, as it is."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.refusal import Refusal

from ...actions.counts import read_rows, report_counts
from ...ingest import Columns, read_series


class Command(BaseCommand):
    help = "Read daily counts of areas from a CSV file whose columns are named; all lines or none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--within", required=True, help="code of the area whose lines are kept")
        parser.add_argument("--input", default="new_cases", help="what is counted (data/inputs.csv)")
        parser.add_argument("--day", default="day", help="column of the day")
        number = parser.add_mutually_exclusive_group()
        number.add_argument("--number", default="n", help="column of the count of the day")
        number.add_argument("--total", default="", help="column of the running total")
        parser.add_argument("--area", default="", help="column of the official code")
        parser.add_argument("--area-name", default="", help="column of the name of a district or street")
        parser.add_argument("--district", default="", help="column of the district's name, beside a street's")
        parser.add_argument("--where", action="append", default=[], metavar="COLUMN=VALUE", help="only such lines")
        parser.add_argument("--add-up", action="store_true", help="several lines of one area and day are one count")
        parser.add_argument("--source", default="")
        parser.add_argument("--reason", default="", help="why counts that were given before change")

    def handle(self, **options: Any) -> None:
        if bool(options["area"]) == bool(options["area_name"]):
            options["area"] = "" if options["area_name"] else "area"
        totals = bool(options["total"])
        columns = Columns(
            day=options["day"],
            number=options["total"] or options["number"],
            area=options["area"],
            area_name=options["area_name"],
            district=options["district"],
            where=dict(pair.partition("=")[::2] for pair in options["where"]),
            add_up=options["add_up"],
        )
        by = Actor.system("import-counts", acts=["zone.count"], ranges=[range_of(options["within"])])
        at = now()
        try:
            series = read_series(
                options["file"], columns, name=options["input"], within=options["within"], totals=totals
            )
            done = report_counts(
                read_rows(series.rows, totals=totals, at=at),
                totals=totals,
                source=options["source"] or options["file"].name,
                reason=options["reason"],
                by=by,
                at=at,
            )
        except Refusal as refusal:
            raise CommandError("\n".join([str(refusal), *getattr(refusal, "problems", [])])) from refusal
        self.stdout.write(
            _("%(added)s new, %(corrected)s corrected, %(same)s known, %(out)s elsewhere; totals that fell: %(falls)s")
            % {
                "added": done.added,
                "corrected": len(done.corrected),
                "same": done.same,
                "falls": len(done.falls),
                "out": series.elsewhere,
            }
        )
