"""``qipan carry-out``: carry out approved destructions now. ``qipan work`` does so every minute by itself."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from qipan.kernel.clock import now
from qipan.retention.actions.running import carry_out_approved


class Command(BaseCommand):
    """Goes on with every approved destruction from where it stands, until its certificate is issued."""

    help = "Carry out approved destructions of personal data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--most-steps", type=int, default=None, help="stop after so many steps")

    def handle(self, *args: Any, **options: Any) -> None:
        """This command will carry out what is approved and print how many are done."""
        done, left = carry_out_approved(at=now(), most_steps=options["most_steps"])
        self.stdout.write(f"destructions done: {done}, not done: {left}")
