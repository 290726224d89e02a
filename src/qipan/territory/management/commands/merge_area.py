"""qipan merge-area: one area becomes part of another, from a day on."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal

from ...actions.restructure import merge_area
from ._edges import EVERYWHERE


class Command(BaseCommand):
    help = "Merge a district, street or community into another from a day on; what was reported before stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument("--into", required=True, metavar="CODE")
        parser.add_argument("--on", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")

    def handle(self, **options: Any) -> None:
        by = Actor.system("merge-area", acts=["territory.import"], ranges=EVERYWHERE)
        try:
            area = merge_area(options["code"], into=options["into"], on=options["on"], by=by, at=now())
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            _("From %(day)s on %(code)s is part of %(name)s.")
            % {"day": options["on"].isoformat(), "code": options["code"], "name": area.label}
        )
