"""Filled forms through HTTP beside visits of the screening's own path, one a request: what a form costs more.

The same server, the same passes, in turn. A visit is 150 bytes of JSON for a path of its own (ADR 0005, 0007); a
filled form is 1.2 kB of multipart through all of Django: opened as XML, held against its XForm, kept as XML and as
answers, with its digest in the journal.
"""

import io
import statistics
import uuid
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db import connection
from PIL import Image

from qipan.duties.api import Unit
from qipan.forms.api import convert_xlsform, open_form, publish_form
from qipan.forms.queries.submissions import audit_submissions
from qipan.forms.testing import CHOICES, SURVEY, workbook
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of

from .city import City, Uploads, build
from .ingest import row
from .server import Server

KIND = "multipart/form-data; boundary=b0"
PATH = "/openrosa/submission"


def part(name: str, file: str, kind: str, raw: bytes) -> bytes:
    """This function will write one part of a multipart body."""
    head = f'--b0\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\nContent-Type: {kind}\r\n\r\n'
    return head.encode() + raw + b"\r\n"


def photograph() -> bytes:
    """This function will return a photograph as phones send it when they are told to make it small: 1,600 x 1,200."""
    kept = io.BytesIO()
    Image.effect_noise((1600, 1200), 12).convert("RGB").save(kept, "JPEG", quality=60)
    return kept.getvalue()


def open_a_form(city: City) -> str:
    """This function will publish a form and open it in the whole city; returns its code."""
    whole = range_of("5101")
    by = Actor.system("bench", acts=["admission.decide", "form.open"], ranges=[whole])
    form = publish_form(
        code="door-needs", title="bench", subject="DOOR", number="B-1",
        issuer=Unit.objects.get(code="5101:bench"), approval="bench", basis="bench", purpose="bench",
        valid_from=city.at, valid_to=city.at + timedelta(days=9), by=by, at=city.at,
    )  # fmt: skip
    form.xform = convert_xlsform(workbook(SURVEY, CHOICES), code=form.code, version=form.version).xform
    form.save(update_fields=["xform"])
    open_form(form, grounds=[whole], closes_at=city.at + timedelta(days=3), by=by, at=city.at)
    return form.code


def filled(city: City, code: str, *, photo: bytes = b"") -> Iterator[tuple[str, bytes]]:
    """This function will return filled forms with the passes of the teams whose doors they are about."""
    doors = [iter([one + step for one in ground for step in range(1, 290)]) for ground in city.grounds]
    while True:
        for team, (_number, token) in enumerate(city.teams):
            xml = (
                f'<data id="{code}" version="1"><begun>2026-08-01T09:58:00.000+08:00</begun>'
                f"<ended>2026-08-01T10:00:00.000+08:00</ended><place>{next(doors[team]):019d}</place><people>3</people>"
                "<help>yes</help><why>轮椅两架，三楼无电梯</why><needs>food care</needs><pet><kind>dog</kind>"
                f"<seen>2026-07-31</seen></pet><spot><photo>{'p.jpg' if photo else ''}</photo>"
                "<point>30.65731 104.06631 490.0 4.5</point><width>1.5</width></spot>"
                f"<meta><instanceID>uuid:{uuid.uuid4()}</instanceID></meta></data>"
            ).encode()
            body = part("xml_submission_file", "xml_submission_file", "text/xml", xml)
            yield token, body + (part("p.jpg", "p.jpg", "image/jpeg", photo) if photo else b"") + b"--b0--\r\n"


def run(quick: bool) -> list[dict[str, Any]]:
    """This function will send forms and visits in turn and compare medians of rate and CPU."""
    city = build(100_000)
    code = open_a_form(city)
    visits, plain, pictured = Uploads(city), filled(city, code), filled(city, code, photo=photograph())
    postgres = connection.vendor == "postgresql"
    server = Server(workers=2 if postgres else 1, threads=8 if postgres else 48)
    connections, count = 16 if postgres else 48, 400 if quick else 1500
    runs: dict[str, list[Any]] = {"visit": [], "form": [], "photo": []}
    try:
        server.order("/api/visits", connections, visits.take(200, 1))
        server.order(PATH, connections, list(islice(plain, 200)), KIND)
        for _repeat in range(3 if quick else 5):
            runs["visit"].append(server.order("/api/visits", connections, visits.take(count, 1)))
            runs["form"].append(server.order(PATH, connections, list(islice(plain, count)), KIND))
            runs["photo"].append(server.order(PATH, connections, list(islice(pictured, count // 10)), KIND))
    finally:
        server.stop()
    for name, orders in runs.items():
        if {status for one in orders for status in one["statuses"]} != {200 if name == "visit" else 201}:
            raise RuntimeError(f"{name}: {[one['statuses'] for one in orders]}")
    middle = {
        name: {key: statistics.median(one[key] for one in orders) for key in ("rate", "cpu", "cpu_app", "cpu_db", "p95_ms")}
        for name, orders in runs.items()
    }  # fmt: skip
    for name, of in middle.items():
        print(
            f"{name:6} {of['rate']:8,.0f} a second  CPU app {of['cpu_app']:8.0f} + database {of['cpu_db']:6.0f} us each"
            f"  p95 {of['p95_ms']:.1f} ms"
        )
    if differences := audit_submissions():
        raise RuntimeError(differences[0])
    form, visit = middle["form"], middle["visit"]
    return [
        row("OpenRosa: filled forms, one a request", form["rate"], "forms/s", "visits, one a request", form["rate"] / visit["rate"], ">= 0.04", lambda r: r >= 0.04),
        row("OpenRosa: CPU of a filled form, app + database", form["cpu"], "us/form", "visits, one a request", form["cpu"] / visit["cpu"], "<= 25", lambda r: r <= 25),
        row("OpenRosa: with a photograph of 1,600 points", middle["photo"]["rate"], "forms/s", "without", middle["photo"]["rate"] / form["rate"], "", lambda _r: True),
    ]  # fmt: skip
