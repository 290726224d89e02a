"""``qipan replay``: a whole emergency of eleven days through the public addresses, with a report."""

from argparse import ArgumentParser
from typing import Any

from ._edges import ReplayCommand


class Command(ReplayCommand):
    help = "Replay an emergency of eleven days in three rounds in a database of its own, and report what held."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--seconds", type=float, default=0.0, help="for all rounds; 0 is as fast as it goes")
        parser.add_argument("--headless", action="store_true", help="without a browser; the replay never opens one")

    def handle(self, **options: Any) -> None:
        self.play(self.plan(**options), options["report"])
