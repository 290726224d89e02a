"""``qipan enrol-workers``: gives everybody on a list a pass and writes their links."""

import csv
from datetime import datetime, time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date

from qipan.access.actions import enrol_workers
from qipan.access.input import read_workers
from qipan.duties.api import get_unit, ground_of
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, Refusal
from qipan.webkit.sheets import cell


class Command(BaseCommand):
    help = "Enrol the temporary workers of a CSV list (label, area, team): all or none."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--unit", required=True, help='code of the unit they work for, "510104001:street-office"')
        parser.add_argument("--role", default="screening-worker")
        parser.add_argument("--expires", required=True, help="last day, 2026-12-31")
        parser.add_argument("--out", type=Path, required=True, help="CSV with a link for each person")
        parser.add_argument("--host", default="", help="address of the site, https://qipan.example")

    def handle(self, *, file, unit, role, expires, out, host, **options):
        day = parse_date(expires)
        if day is None:
            raise CommandError(f"--expires must be a date like 2026-12-31, not {expires!r}")
        try:
            owner = get_unit(unit)
            by = Actor.system("enrol-workers", acts=["pass.issue"], ranges=ground_of(owner))
            expires_at = timezone.make_aware(datetime.combine(day, time(23, 59, 59)))
            rows = read_workers(file.read_bytes())
            enrolled = enrol_workers(rows, role_code=role, unit=owner, expires_at=expires_at, by=by, at=now())
        except BadInput as refusal:
            raise CommandError("\n".join([str(refusal), *refusal.problems])) from None
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        with open(out, "w", encoding="utf-8-sig", newline="") as target:
            writer = csv.writer(target)
            writer.writerow(["label", "area", "team", "link"])
            for row, one in zip(rows, enrolled, strict=True):
                writer.writerow([cell(row.label), row.code, one.issued.team or "", host.rstrip("/") + one.link])
        self.stdout.write(f"{len(enrolled)} passes until {expires}, links in {out}")
