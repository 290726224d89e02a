"""``qipan seed-organisation``: gives a city its organs, from its areas and compounds."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from qipan.duties.actions.organs import seed_organisation
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.refusal import Refusal
from qipan.laws.api import seed_laws


class Command(BaseCommand):
    help = "Create the organs of a city whose areas stand in the territory, and its register of laws; may be run again."

    def add_arguments(self, parser):
        parser.add_argument("city", nargs="?", default=settings.CITY)
        parser.add_argument("--types", type=Path, help="CSV of organ kinds with the city's own names")

    def handle(self, *, city, types, **options):
        by = Actor.system("seed-organisation", acts=["register.edit"], ranges=[range_of(city)])
        try:
            seeded = seed_organisation(city, types=types, by=by, at=now())
            articles = seed_laws(by=by, at=now())
        except Refusal as refusal:
            raise CommandError(f"{refusal} (import the divisions of {city} first)") from None
        for kind, count in seeded.units.items():
            self.stdout.write(f"{kind:18} {count:>8,}")
        self.stdout.write(f"{'stewardships':18} {seeded.stewardships:>8,}")
        self.stdout.write(f"{'articles':18} {articles:>8,}")
