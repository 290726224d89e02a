"""``qipan seed-demo-accounts``: one account per role of a seeded city."""

import secrets

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from qipan.access.actions import seed_demo_accounts
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.refusal import Refusal


class Command(BaseCommand):
    help = "Open one account per role of the demo city; prints their names and, once, the password."

    def add_arguments(self, parser):
        parser.add_argument("--city", default=settings.CITY)
        parser.add_argument("--password", help="default: a random one, printed once")

    def handle(self, *, city, password, **options):
        password = password or secrets.token_urlsafe(12)
        by = Actor.system("seed-demo-accounts", acts=["account.manage"], ranges=[range_of(city)])
        try:
            accounts = seed_demo_accounts(city, password=password, by=by, at=now())
        except Refusal as refusal:
            raise CommandError(f"{refusal} (run qipan seed-organisation {city} first)") from None
        for account in accounts:
            self.stdout.write(f"{account.username:12} {account.role:18} {account.unit.name}")
        self.stdout.write(f"password     {password}")
