"""Measures on ground that the map has lost: what its level carried ends, what holds is named and can be lifted."""

from datetime import timedelta

import pytest
from django.apps import apps

from qipan.access.testing import Cast
from qipan.desk.api import Task
from qipan.kernel.opened import Emergency
from qipan.kernel.place import range_of
from qipan.posture.api import Measure, impose_measure, lift_measure, measures_in_force, open_lines
from qipan.territory.testing import close

from .conftest import Entry, restriction, zone

HERE, NEXT = "510104001001", "510104001002"
HIGH = 3
DAY = timedelta(days=1)


@pytest.mark.row("EMG-15", "EMG-8")
def test_on_ground_that_the_map_lost_what_holds_is_named_and_what_its_level_carried_ends(cast: Cast) -> None:
    for code in (HERE, NEXT):
        zone(code, HIGH, at=cast.at)

    def imposed(kind: str, code: str = HERE, **changes: object) -> Measure:
        return impose_measure(
            **restriction(cast, kind=kind, title=kind, hazard="epidemic", grounds=[range_of(code)], **changes)
        )[0]

    control, elsewhere = imposed("gate-control"), imposed("gate-control", NEXT)
    closure, check = imposed("area-closure"), imposed("gate-check")
    at = cast.at + timedelta(hours=1)
    close(HERE, at=at)
    for measure in (control, elsewhere, closure, check):
        measure.refresh_from_db()
    # As with every level that drops: at once, or after the hours that its issuer has to end it in order.
    assert (control.lifted_at, control.end_kind) == (at, "DROPPED")
    assert (closure.lifted_at, closure.end_kind) == (at + DAY, "DROPPED")
    assert (elsewhere.lifted_at, check.lifted_at) == (None, None)
    ended = Entry.objects.get(act="posture.end_measure", subject=f"posture.Measure:{control.pk}")
    assert ended.data == {"ended_at": at.isoformat(), "why": "DROPPED"}
    task = Task.objects.everywhere("a test").get(source=f"measure:{closure.pk}:end")
    assert (task.owner_id, task.closed_at) == (closure.issuer_id, None)
    # What still holds there is in every list, with its owner, and is lifted as before.
    assert list(measures_in_force([range_of(HERE)], at=at)) == [closure, check]
    emergency = Emergency(0, "", cast.city_commander.unit_id, (range_of("5101"),), cast.at, False, "epidemic")
    named = {line.reference: (line.title, line.owner) for line in open_lines(emergency, at=at)}
    issuer = cast.unit("5101:city-command").pk
    assert named == {f"posture.Measure:{one.pk}": (one.kind, issuer) for one in (elsewhere, closure, check)}
    client = cast.client("city_commander")
    for one in (control, closure, check):
        assert client.get(f"/measures/{one.pk}").status_code == 200
    assert lift_measure(check, by=cast.city_commander, at=at)
    assert list(measures_in_force([range_of(HERE)], at=at)) == [closure]
    assert apps.get_model("zones", "RiskZone").objects.everywhere("a test").filter(code=HERE).get().ends_at == at
