"""The city command and the lead organisation at work, through the same addresses that people use."""

import csv
import io
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import localtime

from .client import Line, Unexpected

BASIS = "《中华人民共和国突发事件应对法》(2024年修订)第七十二条、第七十三条"
EMERGENCY, STANDING = "epidemic-emergency", "standing-epidemic"
PASS_ROWS = 20_000  # of one list
LEFT_PAGE = 1_000


@dataclass(frozen=True)
class PassRow:
    """One line of a list of people to enrol, and the token that came back."""

    label: str
    area: str
    team: int | None = None
    token: str = ""


@dataclass
class CityCommand:
    """The city commander's line."""

    line: Line
    city: str

    def districts(self) -> list[str]:
        """This method will return the codes of the areas right below the city, from the board."""
        return [row["code"] for row in self.line.read(f"/api/board/{self.city}")["areas"] if row["code"]]

    def declare(self, number: str, *, starts_at: datetime, days: int) -> int:
        """This method will declare a response of level I over the city and return its number in the database."""
        said = self.line.write(
            "/api/declarations",
            {
                "number": number,
                "matter": "合成演练数据：呼吸道传染病聚集性疫情",
                "hazard": "epidemic",
                "level": 1,
                "basis": BASIS,
                "areas": [self.city],
                "starts_at": starts_at,
                "expected_until": starts_at + timedelta(days=days),
                "measures": ["入户走访", "小区出入口查验"],
            },
        )
        return int(said["id"])

    def activate(
        self, playbook: str, areas: list[str], declaration: int | None, *, admission: int | None = None
    ) -> dict[str, Any]:
        """This method will activate a playbook and return the activation with its items."""
        body = {"playbook": playbook, "areas": areas, "declaration": declaration, "admission": admission}
        found: dict[str, Any] = self.line.write("/api/activations", body)
        return found

    def directive(
        self, number: str, *, admission: int, decided_at: datetime, due_at: datetime
    ) -> tuple[dict[str, Any], float]:
        """This method will issue a directive to every community and compound; returns it and the seconds that took."""
        began = time.perf_counter()
        said: dict[str, Any] = self.line.write(
            "/api/directives",
            {
                "number": number,
                "title": "关于做好入户走访服务保障的通知",
                "body": "一、走访时先说明来意和依据。\n二、发现就医、用药、急难需求，当日转办。\n三、夜间22时至次日7时不上门。",
                "basis": BASIS,
                "organ_types": ["community", "compound"],
                "areas": [self.city],
                "decided_at": decided_at,
                "due_at": due_at,
                "admission": admission,
            },
        )
        return said, time.perf_counter() - began

    def recall(self, directive: int, reason: str) -> None:
        """This method will recall a directive."""
        self.line.write(f"/api/directives/{directive}/recall", {"reason": reason})

    def report(self, directive: int) -> dict[str, Any]:
        """This method will read the receipts of a directive by area, and its lead times."""
        found: dict[str, Any] = self.line.read(f"/api/directives/{directive}/report")
        return found

    def open_round(self, campaign: int, areas: list[str], *, closes_at: datetime) -> dict[str, Any]:
        """This method will open the next round of a campaign."""
        body = {"areas": areas, "closes_at": closes_at}
        found: dict[str, Any] = self.line.write(f"/api/campaigns/{campaign}/rounds", body)
        return found

    def close_round(self, round_id: int) -> None:
        self.line.write(f"/api/rounds/{round_id}/close", {})

    def close_campaign(self, campaign: int) -> None:
        self.line.write(f"/api/campaigns/{campaign}/close", {})

    def coverage(self, round_id: int, area: str) -> dict[str, Any]:
        """This method will read the coverage of a round in an area and right below it, from one reading."""
        found: dict[str, Any] = self.line.read(f"/api/rounds/{round_id}/coverage", area=area)
        return found

    def left(self, round_id: int) -> Iterator[dict[str, Any]]:
        """This method will page through the exact list of the doors that a round has not settled."""
        after = None
        while True:
            page = self.line.read(f"/api/rounds/{round_id}/left", area=self.city, after=after, limit=LEFT_PAGE)["doors"]
            yield from page
            if len(page) < LEFT_PAGE:
                return
            after = page[-1]["place"]

    def release(self, activation: int) -> dict[str, Any]:
        """This method will run the release; what cannot be closed yet comes back by name."""
        found: dict[str, Any] = self.line.write(f"/api/activations/{activation}/release", {})
        return found

    def hand_over(self, activation: int) -> dict[str, Any]:
        """This method will hand what is left to its owners by name."""
        found: dict[str, Any] = self.line.write(f"/api/activations/{activation}/hand-over", {})
        return found

    def end_declaration(self, declaration: int, reason: str) -> None:
        """This method will end the response."""
        self.line.write(f"/api/declarations/{declaration}/end", {"reason": reason})

    def posture(self) -> str:
        """This method will read which posture is in force over the city."""
        found = self.line.read("/api/posture", area=self.city)["posture"]
        return str(found["kind"]) if found else ""


def item_of(activation: dict[str, Any], kind: str) -> int:
    """This function will return the database number of the first thing of a kind that an activation opened.

    Raises ``Unexpected`` when it opened none.
    """
    for item in activation["items"]:
        if item["kind"] == kind and item["opened_at"] and item["reference"].rsplit(":", 1)[-1].isdigit():
            return int(item["reference"].rsplit(":", 1)[1])
    raise Unexpected(f"the activation opened no {kind}: {[i['blocked'] for i in activation['items'] if i['blocked']]}")


def enrol(line: Line, role: str, rows: Sequence[PassRow], *, last_day: datetime) -> list[PassRow]:
    """This function will enrol people by a list on the page that takes it, and return each with the token of his link."""
    done: list[PassRow] = []
    for start in range(0, len(rows), PASS_ROWS):
        done += _enrol(line, role, rows[start : start + PASS_ROWS], last_day=last_day)
    return done


def _enrol(line: Line, role: str, rows: Sequence[PassRow], *, last_day: datetime) -> list[PassRow]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["label", "area", "team"])
    writer.writerows([row.label, row.area, row.team or ""] for row in rows)
    fields = {"role": role, "last_day": f"{localtime(last_day):%Y-%m-%d}"}
    body, kind = _multipart(fields, "workers.csv", text.getvalue().encode())
    answer = line.call("POST", "/access/passes/enrol", body, {"Content-Type": kind})
    if answer.status != 302:
        raise Unexpected(
            f"/access/passes/enrol: {answer.status} {re.findall(r'<li>([^<]+)', answer.body.decode())[:5]}"
        )
    links = line.get(f"{answer.headers['Location'].rstrip('/')}/links.csv")
    found = csv.DictReader(io.StringIO(links.body.decode("utf-8-sig"), newline=""))
    tokens = [row["link"].rsplit("/p/", 1)[1] for row in found]
    if len(tokens) != len(rows):
        raise Unexpected(f"{len(rows)} people enrolled, {len(tokens)} links")
    return [PassRow(row.label, row.area, row.team, token) for row, token in zip(rows, tokens, strict=True)]


def _multipart(fields: dict[str, str], name: str, content: bytes) -> tuple[bytes, str]:
    mark = secrets.token_hex(16)
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields.items()
    ]
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'
    )
    return b"".join(
        [*parts, head.encode(), content, f"\r\n--{mark}--\r\n".encode()]
    ), f"multipart/form-data; boundary={mark}"


def admit(department: Line, lead: Line, at: datetime) -> int:
    """This function will let a department apply for the work of the standing posture, and the lead organisation admit it."""
    said = department.write(
        "/api/admissions",
        {
            "title": "常态化疫情防控：社区联络员和应急物资检查",
            "basis": "《中华人民共和国传染病防治法》第四十四条",
            "minutes_per_unit": 30,
            "organ_types": ["community"],
            "valid_from": at,
            "valid_to": at + timedelta(days=30),
        },
    )
    lead.write(f"/api/admissions/{said['id']}/decision", {"admitted": True, "reason": "年度工作清单第12项"})
    return int(said["id"])
