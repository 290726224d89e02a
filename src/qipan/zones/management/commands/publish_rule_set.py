"""qipan publish-rule-set: the rule sets of a JSON file whose code is new; without a file those that are shipped."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import ngettext

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal

from ...actions.rule_sets import publish_missing

SHIPPED = Path(__file__).parents[2] / "data" / "rule_sets.json"


class Command(BaseCommand):
    help = "Publish the rule sets of a JSON file whose code is not known yet; without a file the shipped ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", default=SHIPPED)

    def handle(self, **options: Any) -> None:
        by = Actor.system("publish-rule-set", acts=["zone.rule"])
        try:
            given = json.loads(options["file"].read_text("utf-8"))
            done = publish_missing(given if isinstance(given, list) else [given], by=by, at=now())
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        except Refusal as refusal:
            raise CommandError("\n".join([str(refusal), *getattr(refusal, "problems", [])])) from refusal
        self.stdout.write(
            ngettext("%(n)s rule set published.", "%(n)s rule sets published.", len(done)) % {"n": len(done)}
        )
