"""qipan set-denominator: how many people an area has, from when, by which definition and source."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, Refusal

from ...actions.denominators import set_denominator
from ...terms import DenominatorKind
from ._edges import EVERYWHERE, refusal_text


class Command(BaseCommand):
    help = "Set a count of people that rates divide by."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument("kind", choices=[DenominatorKind.RESIDENT.value, DenominatorKind.SERVICE.value])
        parser.add_argument("value", type=int)
        parser.add_argument("--definition", required=True)
        parser.add_argument("--source", required=True)
        parser.add_argument("--valid-from", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")

    def handle(self, **options: Any) -> None:
        by = Actor.system("set-denominator", acts=["territory.import"], ranges=EVERYWHERE)
        try:
            row = set_denominator(
                options["code"],
                options["kind"],
                options["value"],
                definition=options["definition"],
                source=options["source"],
                valid_from=options["valid_from"],
                by=by,
                at=now(),
            )
        except BadInput as refusal:
            raise CommandError(refusal_text(refusal)) from refusal
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(str(row))
