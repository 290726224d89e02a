"""qipan import-matters: a table of another system, by a mapping that was saved."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal

from ...actions.importing import LinesRefused, MappingUnknown, check_lines, import_lines
from ...actions.undoing import undo_import
from ...input.mapping import read_file, rules_from
from ...models import Import, ImportMapping

EVERYWHERE = [(0, 10**19 - 1)]


class Command(BaseCommand):
    help = "Take over matters from CSV or XLSX, whole or not at all; every bad line is told with its reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--mapping", required=True, help="name of a mapping that was saved on the page")
        parser.add_argument("--dry-run", action="store_true", help="tell what would go in, write nothing")
        parser.add_argument("--leave-out", action="store_true", help="leave bad lines out and take the others")
        parser.add_argument("--undo", action="store_true", help="take the file's import out again")

    def handle(self, **options: Any) -> None:
        by, at = Actor.system("import-matters", acts=["matter.import"], ranges=EVERYWHERE), now()
        try:
            mapping = ImportMapping.objects.filter(name=options["mapping"]).first()
            if mapping is None:
                raise MappingUnknown
            table, rules = read_file(options["file"].read_bytes()), rules_from(mapping.rules)
            if options["undo"]:
                self._undo(table.sha256, mapping.name, by=by)
                return
            checked = check_lines(table.header, table.lines, mapping=mapping.name, rules=rules, by=by, at=at)
            for problem in checked.problems:
                self.stderr.write(_("line %(line)s: %(reason)s") % {"line": problem.line, "reason": problem})
            for reason, n in checked.reasons:
                self.stdout.write(f"{n:,}  {reason}")
            said = {"good": len(checked.good), "lines": checked.lines, "held": checked.held, "bad": checked.bad}
            if options["dry_run"]:
                told = ngettext(
                    "%(good)s of %(lines)s line would be taken over; %(held)s held already, %(bad)s refused.",
                    "%(good)s of %(lines)s lines would be taken over; %(held)s held already, %(bad)s refused.",
                    checked.lines,
                )
                self.stdout.write(told % said)
                return
            batch = import_lines(
                checked,
                name=options["file"].name,
                sha256=table.sha256,
                mapping=mapping.name,
                rules=rules,
                leave_out=options["leave_out"],
                by=by,
                at=at,
            )
            self.stdout.write(
                _("Matters held of %(file)s: %(matters)s; lines left out: %(left)s.")
                % {"matters": batch.matters, "file": batch.name, "left": batch.left_out}
            )
        except OSError as error:
            raise CommandError(str(error)) from error
        except LinesRefused as refusal:
            raise CommandError(_("%(refused)s With --leave-out the others go in.") % {"refused": refusal}) from refusal
        except Refusal as refusal:
            raise CommandError("\n".join([str(refusal), *getattr(refusal, "problems", [])])) from refusal

    def _undo(self, sha256: str, mapping: str, *, by: Actor) -> None:
        batch = Import.objects.filter(sha256=sha256, mapping=mapping, undone_at=None).first()
        if batch is None:
            raise CommandError(_("This file is not imported."))
        undo_import(batch, by=by, at=now())
        said = ngettext(
            "%(matters)s matter was taken out again.", "%(matters)s matters were taken out again.", batch.matters
        )
        self.stdout.write(said % {"matters": batch.matters})
