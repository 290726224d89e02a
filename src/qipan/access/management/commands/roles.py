"""``qipan roles``: after an upgrade, which acts the roles of this deployment lack; adds them when told to."""

from django.core.management.base import BaseCommand, CommandError

from qipan.access.actions.roles import add_missing_acts, missing_acts
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal


class Command(BaseCommand):
    help = "Show the acts that this version gives to its roles and the roles here lack; --add adds them."

    def add_arguments(self, parser):
        parser.add_argument("--missing", action="store_true", help="only show them (also without any option)")
        parser.add_argument(
            "--add", nargs="*", metavar="ROLE", help="add them, to these roles or to all, after a question"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, add, yes, missing, **options):
        found = missing_acts()
        for role, acts in found.items():
            self.stdout.write(f"{role:18} {' '.join(acts)}")
        if not found:
            self.stdout.write("Nothing is missing.")
            return
        if add is None or missing:
            return
        if not yes and input("Add these acts to the roles named? [yes/no] ") != "yes":
            self.stdout.write("Nothing was changed.")
            return
        by = Actor.system("roles", acts=["account.manage"])
        try:
            added = add_missing_acts(add or None, by=by, at=now())
        except Refusal as refusal:
            raise CommandError(f"{refusal} (a role that lacks nothing was named)") from None
        self.stdout.write(f"{sum(map(len, added.values()))} acts added to {len(added)} roles")
