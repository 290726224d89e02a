"""qipan import-register: compounds and doors from a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, Refusal

from ...actions.register import import_register
from ._edges import EVERYWHERE, progress_line, refusal_text


class Command(BaseCommand):
    help = "Read compounds and doors from a CSV file: community,compound,building,entrance,door."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", default="")
        parser.add_argument("--replace", action="store_true", help="replace the communities that have a register")

    def handle(self, **options: Any) -> None:
        by = Actor.system("import-register", acts=["register.edit"], ranges=EVERYWHERE)
        try:
            report = import_register(
                options["file"],
                source=options["source"],
                replace=options["replace"],
                progress=progress_line(self.stdout),
                by=by,
                at=now(),
            )
        except BadInput as refusal:
            raise CommandError(refusal_text(refusal)) from refusal
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(_("Doors: %(doors)s, compounds: %(compounds)s, communities: %(communities)s.") % vars(report))
