"""qipan import-outlines: outlines of areas from GeoJSON."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, Refusal

from ...actions.outlines import import_outlines
from ...rules.datum import DATUMS
from ...terms import Hierarchy
from ._edges import EVERYWHERE, refusal_text


class Command(BaseCommand):
    help = "Store outlines from GeoJSON: rings repaired, moved to WGS-84, simplified for the board."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--datum", choices=DATUMS, required=True, help="web maps of China use GCJ02")
        parser.add_argument("--hierarchy", choices=Hierarchy.values, default=Hierarchy.OFFICIAL.value)
        parser.add_argument("--within", default=settings.CITY, metavar="CODE", help="match names under this area only")
        parser.add_argument("--valid-from", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--source", default="")

    def handle(self, **options: Any) -> None:
        at = now()
        try:
            report = import_outlines(
                options["file"],
                datum=options["datum"],
                hierarchy=options["hierarchy"],
                within=options["within"] if options["hierarchy"] == Hierarchy.OFFICIAL else "",
                valid_from=options["valid_from"] or timezone.localdate(at),
                source=options["source"] or options["file"].name,
                by=Actor.system("import-outlines", acts=["territory.import"], ranges=EVERYWHERE),
                at=at,
            )
        except BadInput as refusal:
            raise CommandError(refusal_text(refusal)) from refusal
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(_("Outlines stored: %(count)s.") % {"count": report.stored})
        if report.repaired:
            self.stdout.write(_("Broken rings repaired: %(names)s") % {"names": ", ".join(report.repaired)})
        if report.unmatched:
            self.stdout.write(_("No area of this name or code: %(names)s") % {"names": ", ".join(report.unmatched)})
