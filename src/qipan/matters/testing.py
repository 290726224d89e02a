"""A city with a catalogue, and matters at any point of their way, for the tests of this room and of higher ones."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from qipan.access.testing import Cast
from qipan.kernel.actor import Actor
from qipan.kernel.place import place_of, range_of

from .actions.catalogue import seed_catalogue, seed_rows
from .actions.dispatching import dispatch_matter
from .actions.filing import file_matter
from .actions.handling import report_done, verify_matter
from .actions.intake import Reported, report_matter
from .models import Category, Matter
from .rules.photos import Picture

SPOT = place_of("510104001001001")  # the first compound of the dispatcher's street
PUBLIC = Actor(
    label="resident", acts=frozenset({"matter.report"}), scope=Actor.system("", ranges=[range_of("5101")]).scope
)


__all__ = ["PUBLIC", "SPOT", "Picture", "World", "make_world", "seed_rows"]


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
        given: dict[str, Any] = {
            "category": self.category(code),
            "place": SPOT,
            "text": "小区门口路灯不亮了",
            "channel": "WEB",
            "nonce": f"nonce-{next(self.numbers)}",
            "by": PUBLIC,
            "at": self.at,
        }
        return report_matter(**{**given, **how})

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
        """This method will return an officer of a unit who answers its desk."""
        owner = self.cast.unit(unit)
        return Actor(
            label=f"{owner.code}, officer",
            acts=frozenset({"desk.view", "task.answer", "matter.view", "matter.report"}),
            scope=Actor.system("", ranges=[range_of("5101")]).scope,
            account_id=account,
            unit_id=owner.pk,
        )


def make_world(cast: Cast) -> World:
    """This function will put the example catalogue in force in the tiny city."""
    seed_catalogue(by=Actor.system("seed", acts=["matter.catalogue"]), at=cast.at)
    return World(cast)
