"""A city with a catalogue, and matters at any point of their way, for the tests of this room and of higher ones."""

import json
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.utils.timezone import localdate

from qipan.access.api import Role
from qipan.access.testing import Cast
from qipan.duties.api import ground_of
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import place_of, range_of
from qipan.territory.api import import_outlines

from .actions.catalogue import seed_catalogue, seed_rows
from .actions.dispatching import dispatch_matter
from .actions.filing import file_matter
from .actions.handling import report_done, verify_matter
from .actions.intake import Reported, Words, report_matter
from .models import Category, Matter, Report
from .rules.photos import Picture
from .terms import State

# Who answers the desk of which kind of unit; of any other a department's officer.
ROLES = {
    "city-command": "city-command",
    "district-command": "district-command",
    "lead-body": "lead-body",
    "street-office": "street-dispatcher",
    "community": "community-worker",
    "property-company": "property-manager",
}
SPOT = place_of("510104001001001")  # the first compound of the dispatcher's street
PUBLIC = Actor(
    label="resident", acts=frozenset({"matter.report"}), scope=Actor.system("", ranges=[range_of("5101")]).scope
)


__all__ = ["PUBLIC", "SPOT", "Picture", "World", "close_many", "draw_outlines", "make_world", "seed_rows"]


@dataclass
class World:
    """The cast with the example catalogue in force."""

    cast: Cast
    numbers: Any = field(default_factory=count)

    @property
    def at(self) -> datetime:
        return self.cast.at

    def later(self, **how: float) -> datetime:
        """This method will return a moment after the beginning of the story."""
        return self.at + timedelta(**how)

    def category(self, code: str = "01003") -> Category:
        """This method will return a category by its code; a street light where none is named."""
        return Category.objects.get(code=code, valid_to=None)

    def reported(self, code: str = "01003", **how: Any) -> Reported:
        """This method will report something by the public page: a street light that is out."""
        said: dict[str, Any] = {"text": "小区门口路灯不亮了"}
        said |= {one.name: how.pop(one.name) for one in fields(Words) if one.name in how}
        given: dict[str, Any] = {
            "category": self.category(code),
            "place": SPOT,
            "nonce": f"nonce-{next(self.numbers)}",
            "by": PUBLIC,
            "at": self.at,
        }
        return report_matter(words=Words(**said), **{**given, **how})

    def matter(self, state: str = "FILED", code: str = "01003", unit: str = "5101:urban-management") -> Matter:
        """This method will return a matter that has come as far as ``state``, with its category's unit."""
        matter = self.reported(code).matter
        dispatcher, at = self.cast.dispatcher, self.later(minutes=1)
        if state == "REPORTED":
            return matter
        matter = file_matter(matter, by=dispatcher, at=at)
        if state == "FILED":
            return matter
        owner = self.cast.unit(unit)
        matter = dispatch_matter(matter, unit=owner, by=dispatcher, at=at)
        if state == "DISPATCHED":
            return matter
        matter = report_done(
            matter, kind="SOLVED", result="已更换灯泡", by=self.handler(unit), at=self.later(minutes=2)
        )
        if state == "DONE":
            return matter
        return verify_matter(matter, by=dispatcher, at=self.later(minutes=3))

    def handler(self, unit: str = "5101:urban-management", account: int = 9001) -> Actor:
        """This method will return who answers a unit's desk: with the role that such a unit's people have, on its ground."""
        owner = self.cast.unit(unit)
        role = Role.objects.get(code=ROLES.get(owner.organ_type.code, "department"))
        return Actor(
            label=f"{owner.code}, {role.code}",
            acts=frozenset(role.acts),
            scope=Scope(ground_of(owner)),
            account_id=account,
            unit_id=owner.pk,
        )


def draw_outlines(cast: Cast) -> None:
    """This function will draw the tiny city: 0.2 by 0.1 degrees, districts side by side, in each its streets one above
    the other, in each its communities side by side. 510104001001 begins at 104.0 east and 30.6 north.
    """
    features = []
    for d, district in enumerate(("510104", "510105")):
        boxes = [(district, 104.0 + d / 10, 30.6, 0.1, 0.1)]
        for s in range(2):
            street = f"{district}00{s + 1}"
            boxes.append((street, 104.0 + d / 10, 30.6 + s / 20, 0.1, 0.05))
            boxes += [(f"{street}00{c + 1}", 104.0 + d / 10 + c / 20, 30.6 + s / 20, 0.05, 0.05) for c in range(2)]
        for code, west, south, width, height in boxes:
            east, north = round(west + width, 6), round(south + height, 6)
            ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
            geometry = {"type": "Polygon", "coordinates": [ring]}
            features.append({"type": "Feature", "properties": {"code": code}, "geometry": geometry})
    with TemporaryDirectory() as folder:
        path = Path(folder) / "outlines.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
        import_outlines(
            path, datum="WGS84", valid_from=localdate(cast.at), source="test", synthetic=True, by=cast.admin, at=cast.at
        )


def make_world(cast: Cast) -> World:
    """This function will put the example catalogue in force in the tiny city."""
    seed_catalogue(by=Actor.system("seed", acts=["matter.catalogue"]), at=cast.at)
    return World(cast)


CLOSED = {"01003": "小区门口路灯不亮，晚上很黑", "05001": "围墙倾斜开裂，有倒塌危险"}


def close_many(world: World, n: int = 160, *, text: str = "", **how: Any) -> list[Matter]:
    """This function will write closed matters to learn from: lamps and walls by turns, two here, two in the next street.

    Here the city's organs handled them, there the district. ``how`` are other values of the matters.
    """
    codes = ("5101:urban-management", "5101:housing", "510104:district-command")
    city, housing, district = (world.cast.unit(code) for code in codes)
    categories = {code: world.category(code) for code in CLOSED}
    made = []
    for i in range(n):
        code, here = list(CLOSED)[i % 2], i // 2 % 2 == 0
        at = world.at - timedelta(days=100) + timedelta(hours=i)
        given = {
            "place": SPOT if here else place_of("510104002001001"),
            "category": categories[code],
            "channel": "WEB",
            "state": State.CLOSED,
            "handler": (city if code == "01003" else housing) if here else district,
            "reported_at": at,
            "changed_at": at,
            "ended_at": at + timedelta(days=3),
        }
        matter = Matter.objects.create(**{**given, **how})
        key = f"closed-{matter.pk}"
        Report.objects.create(
            matter=matter,
            text=text or CLOSED[code],
            channel="WEB",
            code_hash=key,
            nonce=key,
            at=at,
            by_label="resident",
        )
        made.append(matter)
    return made
