"""``qipan import-catalogue``: puts a catalogue of matters in force, or the example where there is none."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput
from qipan.matters.actions.catalogue import import_catalogue, seed_catalogue
from qipan.webkit.sheets import read_table


class Command(BaseCommand):
    help = "Put a catalogue of matters in force from CSV or XLSX; without a file the example, where there is none."

    def add_arguments(self, parser):
        parser.add_argument("file", nargs="?", type=Path)

    def handle(self, *, file, **options):
        by = Actor.system("import-catalogue", acts=["matter.catalogue"])
        if file is None:
            self.stdout.write(f"{seed_catalogue(by=by, at=now())} example categories in force")
            return
        try:
            done = import_catalogue(read_table(file.read_bytes()), by=by, at=now())
        except BadInput as refusal:
            raise CommandError("\n".join([str(refusal), *refusal.problems])) from None
        self.stdout.write(f"{done.added} new, {done.changed} changed, {done.same} as before, {done.ended} ended")
