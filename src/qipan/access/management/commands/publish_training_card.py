"""``qipan publish-training-card ROLE FILE``: the next version of a role's training card, from a JSON file."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from qipan.access.actions import publish_card
from qipan.access.models import Role
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, Refusal


class Command(BaseCommand):
    help = "Publish the next version of a role's training card; holders of the role read it before their next visit."

    def add_arguments(self, parser):
        parser.add_argument("role", help="code of the role, e.g. screening-worker")
        parser.add_argument("file", type=Path, help="JSON: title, steps, say, not_ask, call, each also with _en")

    def handle(self, *, role, file, **options):
        found = Role.objects.filter(code=role).first()
        if found is None:
            raise CommandError(_("There is no role %(role)s.") % {"role": role})
        try:
            text = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise CommandError(_("The file cannot be read: %(reason)s") % {"reason": error}) from error
        try:
            by = Actor.system("publish-training-card", acts=["campaign.open"])
            card = publish_card(found, text, by=by, at=now())
        except BadInput as refusal:
            raise CommandError("\n".join([str(refusal), *refusal.problems])) from refusal
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(_("%(role)s: version %(version)s") % {"role": found.label, "version": card.version})
