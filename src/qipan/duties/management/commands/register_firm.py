"""``qipan register-firm``: a hotel, carrier, supplier or other firm gets a desk, so that it can offer reserves."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from qipan.duties.actions.firms import register_firm
from qipan.duties.terms import STANDING_FIRMS
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.refusal import Refusal


class Command(BaseCommand):
    help = "Register a firm that stands in a community; the same name again is the same firm."

    def add_arguments(self, parser):
        parser.add_argument("kind", choices=STANDING_FIRMS)
        parser.add_argument("--name", required=True)
        parser.add_argument("--name-en", default="")
        parser.add_argument("--community", required=True, help="12-digit code of the community where it stands")

    def handle(self, *, kind, name, name_en, community, **options):
        by = Actor.system("register-firm", acts=["register.edit"], ranges=[range_of(settings.CITY)])
        try:
            firm = register_firm(kind, name=name, name_en=name_en, community=community, by=by, at=now())
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{firm.code}: {firm.name}")
