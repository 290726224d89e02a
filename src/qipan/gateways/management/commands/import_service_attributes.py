"""Sets what services ask beyond place and words."""

import csv
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput

from ...actions.attributes import COLUMNS, import_attributes


class Command(BaseCommand):
    help = f"Set what Open311 services ask, from CSV with the columns {', '.join(COLUMNS)}; replaces what stood before."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: object, **options: object) -> None:
        """This command will set all attributes or none."""
        try:
            with open(str(options["file"]), encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise CommandError(str(error)) from error
        by = Actor.system("import-service-attributes", acts=["partner.manage"])
        try:
            count = import_attributes(rows, by=by, at=now())
        except BadInput as refusal:
            raise CommandError("\n".join([str(refusal), *refusal.problems])) from refusal
        self.stdout.write(f"{count} attributes")
