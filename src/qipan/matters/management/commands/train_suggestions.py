"""``qipan train-suggestions``: learns category and unit from the city's own closed matters."""

from django.core.management.base import BaseCommand, CommandError

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal
from qipan.matters.actions.suggesting import RIGHT, train_suggestions


class Command(BaseCommand):
    help = "Learn suggestions of category and unit from the city's own closed matters, and tell how good they are."

    def handle(self, **options):
        by = Actor.system("train-suggestions", acts=[RIGHT])
        try:
            made = train_suggestions(by=by, at=now())
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        for one in made:
            if not one.digest:
                self.stdout.write(f"{one.target.lower()}: {one.cases} closed matters are too few to learn from")
                continue
            verdict = "proposed" if one.better else "not proposed: no better than the majority"
            self.stdout.write(
                f"{one.target.lower()}: learned from {one.cases} closed matters ({one.since:%F} to {one.until:%F}), "
                f"{one.kept_out} texts left out; of the latest {one.asked} right: {one.first}, "
                f"majority {one.majority}, among three {one.among_three}; {verdict}"
            )
