"""``qipan seal``: chain what was recorded, and print the checksum to publish."""

from typing import Any

from django.core.management.base import BaseCommand

from qipan.journal.actions import seal
from qipan.journal.queries import checksum
from qipan.kernel.clock import now


class Command(BaseCommand):
    """Gives every unsealed entry its number and hash. ``qipan work`` does so every few seconds by itself."""

    help = "Seal the journal and print its checksum."

    def handle(self, *args: Any, **options: Any) -> None:
        """This command will seal until nothing waits and print the last number and hash."""
        at, sealed = now(), 0
        while count := seal(at=at):
            sealed += count
        self.stdout.write(f"sealed: {sealed}")
        self.stdout.write(f"checksum: {checksum()}")
