"""An emergency of the tiny city that was declared, activated, released and ended, for tests of learning."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from qipan.access.testing import Cast
from qipan.command.api import Activation, activate_playbook, get_playbook, hand_over, release, seed_playbooks
from qipan.desk.api import Receipt, Task, TaskState, receive
from qipan.forms.api import seed_forms
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.laws.testing import make_articles
from qipan.posture.api import Declaration, declare, end_declaration

CITY = range_of("5101")


@dataclass
class Story:
    """The cast, the declaration, and what was activated under it."""

    cast: Cast
    declaration: Declaration
    activation: Activation

    @property
    def at(self) -> datetime:
        """The moment of the declaration."""
        return self.cast.at


def publish_all(cast: Cast) -> None:
    """This function will publish the playbooks and forms that the project brings."""
    planner = Actor.system("plan", acts=["playbook.edit", "admission.decide"], ranges=[CITY])
    seed_forms(cast.unit("5101:lead-body"), by=planner, at=cast.at - timedelta(days=1))
    make_articles()
    seed_playbooks(by=planner, at=cast.at - timedelta(days=1))


def make_event(cast: Cast, *, number: str = "E-2026-9", drill: bool = False, code: str = "510104") -> Story:
    """This function will declare an emergency over a district and activate the epidemic playbook on it."""
    declaration = declare(
        number=number,
        matter="呼吸道传染病",
        hazard="epidemic",
        level=1,
        basis="《突发事件应对法》第七十二条",
        issuer=cast.unit("5101:city-command"),
        ground_codes=[code],
        starts_at=cast.at,
        expected_until=cast.at + timedelta(days=20),
        measures=["入户排查"],
        by=cast.city_commander,
        at=cast.at,
        drill=drill,
    )
    activation = activate_playbook(
        get_playbook("epidemic-emergency"),
        ground_codes=[code],
        declaration=declaration,
        by=cast.city_commander,
        at=cast.at + timedelta(minutes=6),
    )
    return Story(cast, declaration, activation)


def read_some(story: Story, count: int, *, at: datetime) -> None:
    """This function will let the first units that were asked by a directive read it."""
    tasks = Task.objects.everywhere("a test").filter(kind="DIRECTIVE", drill=story.declaration.drill)
    for task in tasks.order_by("place", "pk")[:count]:
        owner = Actor(
            label="reader",
            acts=frozenset({"task.answer"}),
            scope=story.cast.city_commander.scope,
            unit_id=task.owner_id,
        )
        receive([Receipt(task.pk, TaskState.READ, at)], by=owner, at=at)


def end_event(story: Story, *, at: datetime) -> None:
    """This function will release what was activated, hand over what is left, and end the declaration."""
    by = story.cast.city_commander
    report = release(story.activation, by=by, at=at)
    if report.left:
        hand_over(story.activation, by=by, at=at + timedelta(minutes=1))
    end_declaration(story.declaration, reason="疫情平息", by=by, at=at + timedelta(minutes=2))
    story.declaration.refresh_from_db()
    story.activation.refresh_from_db()
