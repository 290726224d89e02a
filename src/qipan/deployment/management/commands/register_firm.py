"""``qipan register-firm``: a property company, hotel, carrier, supplier or other firm gets a desk, as on its page."""

import sys

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from qipan.deployment.actions import register_with_account
from qipan.duties.api import PROPERTY_COMPANY, STANDING_FIRMS
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import place_of, range_of
from qipan.kernel.refusal import BadInput, Refusal


class Command(BaseCommand):
    help = "Register a firm; the same code again is the same firm, to which compounds are added."

    def add_arguments(self, parser):
        parser.add_argument("kind", choices=(PROPERTY_COMPANY, *STANDING_FIRMS))
        parser.add_argument("--name", required=True)
        parser.add_argument("--name-en", default="")
        parser.add_argument("--credit-code", required=True, help="unified social credit code, 18 characters")
        parser.add_argument("--community", default="", help="12-digit code of the community where it stands")
        parser.add_argument(
            "--compound",
            dest="compounds",
            action="append",
            default=[],
            type=place_of,
            help="15-digit code of a compound that a property company looks after; may be given several times",
        )
        parser.add_argument("--takes-over", action="store_true", help="also what another company looks after")
        parser.add_argument("--username", default="", help="opens the account of its manager; password from stdin")

    def handle(self, *, username, **options):
        acts = ["register.edit", "account.manage"]
        by = Actor.system("register-firm", acts=acts, ranges=[range_of(settings.CITY)])
        fields = ("kind", "name", "name_en", "credit_code", "community", "compounds", "takes_over")
        given = {name: options[name] for name in fields}
        password = sys.stdin.readline().rstrip("\n") if username else None
        try:
            firm = register_with_account(**given, username=username, password=password, by=by, at=now())
        except BadInput as refusal:
            raise CommandError("\n".join([str(refusal), *refusal.problems])) from None
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{firm.code}: {firm.name}")
