"""``qipan train-suggestions``: learns category and unit from the city's own closed matters, the same matter from pairs."""

from django.core.management.base import BaseCommand, CommandError

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal
from qipan.matters.actions.suggesting import RIGHT, train_suggestions
from qipan.matters.terms import Suggested


class Command(BaseCommand):
    help = "Learn suggestions from the city's own closed matters and from pairs joined or left apart, and tell how good they are."

    def handle(self, **options):
        by = Actor.system("train-suggestions", acts=[RIGHT])
        try:
            made = train_suggestions(by=by, at=now())
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        for one in made:
            what = "pairs joined or left apart" if one.target == Suggested.DUPLICATE else "closed matters"
            if not one.digest:
                self.stdout.write(f"{one.target.lower()}: {one.cases} {what} are too few to learn from")
                continue
            if one.target == Suggested.DUPLICATE:
                self.stdout.write(
                    f"duplicate: learned from {one.cases} {what} ({one.since:%F} to {one.until:%F}); of the latest "
                    f"{one.asked} people joined {one.joined}; called the same {one.proposed}, of these joined "
                    f"{one.found}; by likeness of words {one.likely}, of these joined {one.likely_found}; "
                    + ("used" if one.better else "not used: no better than likeness of words")
                )
                continue
            verdict = "proposed" if one.better else "not proposed: no better than the majority"
            self.stdout.write(
                f"{one.target.lower()}: learned from {one.cases} closed matters ({one.since:%F} to {one.until:%F}), "
                f"{one.kept_out} texts left out; of the latest {one.asked} right: {one.first}, "
                f"majority {one.majority}, among three {one.among_three}; {verdict}"
            )
