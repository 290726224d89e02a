"""``qipan seed-roles``: creates the roles that are missing."""

from django.core.management.base import BaseCommand

from qipan.access.actions import seed_roles


class Command(BaseCommand):
    help = "Create the roles of access/data/roles.csv that are missing; existing ones stay as they are."

    def handle(self, **options):
        self.stdout.write(f"{len(seed_roles())} roles")
