"""qipan generate-register: synthetic compounds and doors for a city."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.refusal import Refusal

from ...actions.register import generate_register
from ._edges import EVERYWHERE, progress_line


class Command(BaseCommand):
    help = "Give every community of a city synthetic compounds and doors."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--city", default=settings.CITY, metavar="CODE", help="a city, district, street or community"
        )
        parser.add_argument("--scale", type=float, default=1.0, help="1 is 8.75 million doors for Chengdu")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--replace", action="store_true", help="replace the register that is there")

    def handle(self, **options: Any) -> None:
        by = Actor.system("generate-register", acts=["register.edit"], ranges=EVERYWHERE)
        try:
            report = generate_register(
                [range_of(options["city"])],
                seed=options["seed"],
                scale=options["scale"],
                replace=options["replace"],
                progress=progress_line(self.stdout),
                by=by,
                at=now(),
            )
        except ValueError as error:
            raise CommandError(_("“%(code)s” is not a division code.") % {"code": options["city"]}) from error
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(_("Doors: %(doors)s, compounds: %(compounds)s, communities: %(communities)s.") % vars(report))
