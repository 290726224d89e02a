"""ORG-5: an organ whose own area an import closed warns on what the map still has there, or reads who can."""

import pytest

from qipan.access.testing import Cast
from qipan.kernel import clock
from qipan.territory.testing import close
from qipan.warnings.actions import issue_warning
from qipan.warnings.models import Warning

from .conftest import Entry, storm

pytestmark = [pytest.mark.django_db, pytest.mark.row("EMG-13", "ORG-5")]


def test_where_the_map_has_nothing_left_nothing_new_begins_and_what_runs_is_changed(cast: Cast) -> None:
    at, unit = clock.now(), cast.unit("510104:district-command")
    issued = issue_warning(
        **storm(cast, issuer=unit, by=cast.district_head, at=at, starts_at=at, ground_codes=["510104"])
    )
    close("510104", at=at, whole=True)
    client, before = cast.client("district_head"), (Warning.objects.count(), Entry.objects.count())
    for answer in (client.get("/warnings/new"), client.post("/warnings/new", {"areas": ["510104"]})):
        assert answer.status_code == 409
        assert (
            f"“锦江区”已从区划中撤销，原辖区内也已没有其他区划，{unit.name}不能再在此新办事项"
            in answer.content.decode()
        )
    assert (Warning.objects.count(), Entry.objects.count()) == before
    assert client.get(f"/warnings/one/{issued.identifier}/update").status_code == 200
    assert client.post(f"/warnings/one/{issued.identifier}/cancel", {"reason": "雨停"}).status_code == 302
    assert Warning.objects.get(replaces=issued).issuer_id == unit.pk


def test_what_the_map_still_has_on_its_ground_is_offered(cast: Cast) -> None:
    close("510104", at=clock.now())
    page = cast.client("district_head").get("/warnings/new")
    assert page.status_code == 200
    assert [code for code, _label in page.context["form"].fields["areas"].choices] == ["510104001", "510104002"]
