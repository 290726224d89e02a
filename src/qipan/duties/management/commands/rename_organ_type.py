"""``qipan rename-organ-type``: another name for a kind of organ; no code changes."""

from django.core.management.base import BaseCommand, CommandError

from qipan.duties.actions.organs import rename_organ_type
from qipan.duties.models import OrganType
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now


class Command(BaseCommand):
    help = "Rename a kind of organ and its units ({area} stands for the area's name)."

    def add_arguments(self, parser):
        parser.add_argument("code", help="lead-body, street-office ...")
        parser.add_argument("--name", required=True)
        parser.add_argument("--name-en", required=True)
        parser.add_argument("--unit-name", help="{area}Lead Council")
        parser.add_argument("--unit-name-en")

    def handle(self, *, code, name, name_en, unit_name, unit_name_en, **options):
        kind = OrganType.objects.filter(code=code).first()
        if kind is None:
            raise CommandError(f"there is no kind of organ {code!r}")
        by = Actor.system("rename-organ-type", acts=["register.edit"])
        renamed = rename_organ_type(
            kind, name=name, name_en=name_en, unit_name=unit_name, unit_name_en=unit_name_en, by=by, at=now()
        )
        self.stdout.write(f"{code}: {name} / {name_en}, {renamed} units renamed")
