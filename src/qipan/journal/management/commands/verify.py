"""``qipan verify``: does everything that is kept agree with the rows, and the journal with itself?"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qipan.journal.queries import Checksum, verify


class Command(BaseCommand):
    """Recounts every kept sum, takes every digest again and walks the hash chain. It changes nothing."""

    help = "Recount every kept sum from the rows and walk the journal's hash chain."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--checksum", default="", help='a published "NUMBER HASH" that the chain must meet')
        parser.add_argument("--all", action="store_true", help="print every difference, not only the first")

    def handle(self, *args: Any, **options: Any) -> None:
        """This command will print what was checked and the chain's checksum, or fail with the first difference."""
        verdict = verify(expected=self.published(options["checksum"]))
        for name in verdict.audits:
            self.stdout.write(f"recounted: {name}")
        self.stdout.write(f"journal: {verdict.sealed} entries chained, {verdict.unsealed} not sealed yet")
        if verdict.differences:
            if options["all"]:
                for difference in verdict.differences[1:]:
                    self.stderr.write(difference)
            raise CommandError(verdict.differences[0], returncode=1)
        self.stdout.write(f"checksum: {verdict.checksum}")

    def published(self, text: str) -> Checksum | None:
        """This function will read a published checksum; raises ``CommandError`` when it is none."""
        if not text:
            return None
        number, _space, value = text.strip().partition(" ")
        if not number.isdigit() or len(value.strip()) != 64:
            raise CommandError("a checksum is a number and 64 hexadecimal digits")
        return Checksum(int(number), value.strip())
