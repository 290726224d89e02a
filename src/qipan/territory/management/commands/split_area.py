"""qipan split-area: some parts of an area become an area of their own, from a day on."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal

from ...actions.restructure import split_area
from ._edges import EVERYWHERE


class Command(BaseCommand):
    help = "Make a new district or street out of some parts of another, from a day on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument("--new", required=True, metavar="CODE")
        parser.add_argument("--name", required=True)
        parser.add_argument("--name-en", default="")
        parser.add_argument("--parts", required=True, nargs="+", metavar="CODE")
        parser.add_argument("--on", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")

    def handle(self, **options: Any) -> None:
        by = Actor.system("split-area", acts=["territory.import"], ranges=EVERYWHERE)
        try:
            area = split_area(
                options["code"],
                new_code=options["new"],
                name=options["name"],
                name_en=options["name_en"],
                parts=options["parts"],
                on=options["on"],
                by=by,
                at=now(),
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            _("From %(day)s on %(name)s stands beside %(code)s.")
            % {"day": options["on"].isoformat(), "code": options["code"], "name": area.label}
        )
