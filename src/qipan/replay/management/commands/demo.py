"""``qipan demo``: the same in the browser, in a few minutes, with accounts for each role."""

from argparse import ArgumentParser
from typing import Any

from ._edges import ReplayCommand


class Command(ReplayCommand):
    help = "Play an emergency of eleven days in a few minutes while the board can be watched in the browser."
    stay = True
    scale, upload = 0.05, 48  # each team sends what it has found once or twice a day

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(port=8000)
        parser.add_argument("--minutes", type=float, default=5.0, help="for all rounds (default %(default)s)")
        parser.add_argument("--no-wait", action="store_true", help="end when the release is done")

    def handle(self, **options: Any) -> None:
        options["seconds"] = options["minutes"] * 60
        self.play(self.plan(**options), options["report"])
