import json
import shutil
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client

from qipan.access.api import Enrolled, issue_pass
from qipan.access.testing import Cast, make_city
from qipan.deployment.api import Team, form_teams
from qipan.desk.testing import admitted
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.screening.api import Round, assign_doors, open_campaign, open_round
from qipan.webkit.manifest import is_built

FRONT = Path(settings.ROOT) / "frontend"


def run_script(name: str, order: Any) -> Any:
    """This function will have a tool of the front end run the phone's own script. Skips only where none was ever built."""
    node = FRONT.parent / ".cache" / "node" / "node"
    found = str(node) if node.exists() else shutil.which("node")
    if not is_built() and not (FRONT / "node_modules" / "vite").exists():
        pytest.skip("scripts/frontend did not run on this machine")
    assert found, "scripts/frontend ran, so there is a node"
    ran = subprocess.run(
        [found, str(FRONT / "tools" / f"{name}.mjs")],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout)


@dataclass
class Scene:
    """A round under way over the first street; two teams in its first community, one in the second."""

    cast: Cast
    round: Round
    team: Team
    other: Team
    neighbours: Team
    phone: Enrolled

    def holder(self) -> Client:
        """A phone on which the team's pass was opened."""
        client = Client()
        client.cookies["qipan_pass"] = self.phone.token
        return client


def build(doors: int = 10) -> Scene:
    """This function will build the scene; with more than ten doors all of them stand in the first team's compound."""
    cast = make_city()
    ends = cast.at + timedelta(days=10)
    if doors > 10:
        Door, Compound = apps.get_model("territory", "Door"), apps.get_model("territory", "Compound")
        first = Compound.objects.order_by("place").first()
        Door.objects.filter(place__range=(first.place, first.place + 9_999)).delete()
        Door.objects.bulk_create(
            Door(
                place=first.place + n,
                building=str(n // 100 + 1),
                entrance=str(n // 25 % 4 + 1),
                label=f"{n % 25 + 1:02d}",
            )
            for n in range(1, doors + 1)
        )
        Compound.objects.filter(pk=first.pk).update(doors=doors)
    form_teams(
        units=[cast.unit("510104001001:community"), cast.unit("510104001002:community")],
        per_doors=doors,
        stands_down_at=ends,
        by=cast.city_commander,
        at=cast.at,
    )
    campaign = open_campaign(
        title="入户排查",
        basis="《中华人民共和国突发事件应对法》第七十三条",
        unit=cast.unit("5101:city-command"),
        form=None,
        admission=admitted(
            cast.unit("5101:city-command"), ground=range_of("5101"), at=cast.at, minutes_per_unit=60_000
        ),
        by=cast.city_commander,
        at=cast.at,
    )
    opened = open_round(campaign, grounds=[range_of("510104001")], closes_at=ends, by=cast.city_commander, at=cast.at)
    assign_doors(opened, by=cast.city_commander, at=cast.at)
    team, other, *rest = Team.objects.everywhere("a test").order_by("place", "pk")
    phone = issue_pass(
        label="排查员",
        role_code="screening-worker",
        unit=cast.unit("510104001001:community"),
        team=team.pk,
        expires_at=ends,
        by=Actor.system("test", acts=["pass.issue"], ranges=[range_of("5101")]),
        at=cast.at,
    )
    return Scene(cast, opened, team, other, rest[0], phone)


@pytest.fixture
def scene(db) -> Scene:
    return build()


@pytest.fixture
def handset(browser, live_server):
    """A phone of 360 px in Chinese, with nothing on it yet."""
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        locale="zh-CN",
        base_url=live_server.url,
    )
    yield context
    context.close()


@pytest.fixture
def phone(handset):
    """A phone of 360 px on which the team's pass has been opened."""
    scene = build()
    page = handset.new_page()
    page.goto(scene.phone.link)
    page.locator("main form button").click()
    page.wait_for_url("**/field")
    page.locator("#card-done").tap()  # the training card comes before the first visit
    yield scene, handset, page
