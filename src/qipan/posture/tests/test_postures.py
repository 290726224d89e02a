from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate

from qipan.access.testing import Cast
from qipan.forms.api import FormOpening, PersonFormUnderStanding, open_form, open_forms, publish_form
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal
from qipan.posture.actions import postures
from qipan.posture.actions.declarations import change_level
from qipan.posture.api import Declaration, Posture, declare, end_declaration, end_posture, posture_over, take_posture

from .conftest import Entry, response

CITY, HERE, NEXT, STREET = range_of("5101"), range_of("510104"), range_of("510105"), range_of("510104001")


def low_posture(cast: Cast, **changes: Any) -> list[Posture]:
    terms: dict[str, Any] = {
        "grounds": [CITY],
        "kind": "STANDING",
        "until": cast.at + timedelta(days=365),
        "basis": "常态化防控方案",
        "by": cast.city_commander,
        "at": cast.at,
        **changes,
    }
    return take_posture(None, **terms)


def test_an_emergency_posture_has_level_day_basis_and_end_of_its_declaration(cast: Cast, declared: Declaration) -> None:
    (posture,) = take_posture(declared, grounds=[HERE], by=cast.city_commander, at=cast.at)
    at = cast.at + timedelta(days=2)
    view = posture_over([range_of("510104001001001")], at=at)
    assert view is not None
    assert (view.kind, view.level, view.day, view.basis) == ("EMERGENCY", 1, 3, declared.basis)
    assert (view.since, view.until, view.drill) == (cast.at, declared.expected_until, False)
    assert view.day == (localdate(at) - localdate(declared.starts_at)).days + 1
    assert posture_over([NEXT], at=at) is None
    assert posture_over([HERE], at=posture.until - timedelta(seconds=1)) is not None
    assert posture_over([HERE], at=posture.until) is None  # it ends by itself


def test_taking_a_posture_twice_is_harmless(cast: Cast, declared: Declaration) -> None:
    first = take_posture(declared, grounds=[HERE], by=cast.city_commander, at=cast.at)
    assert take_posture(declared, grounds=[HERE], by=cast.city_commander, at=cast.at) == first
    assert Posture.objects.count() == 1


def test_a_posture_ends_once_to_the_second(cast: Cast, declared: Declaration) -> None:
    take_posture(declared, grounds=[HERE, NEXT], by=cast.city_commander, at=cast.at)
    later = cast.at + timedelta(hours=1)
    assert end_posture(declared, grounds=[NEXT], by=cast.city_commander, at=later) == 1
    assert posture_over([NEXT], at=later) is None
    assert posture_over([NEXT], at=later - timedelta(seconds=1)) is not None
    assert posture_over([HERE], at=later) is not None
    assert end_posture(declared, by=cast.city_commander, at=later) == 1
    assert end_posture(declared, by=cast.city_commander, at=later) == 0
    assert Entry.objects.filter(act="posture.end_posture").count() == 2


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"declaration": None}, postures.PostureNeedsDeclaration),
        ({"grounds": [CITY], "declaration": "district"}, postures.OutsideDeclaredGround),
        ({"grounds": []}, NotFound),
        ({"by": "district_head", "grounds": [NEXT]}, NotFound),
        ({"by": "worker"}, NotAllowed),
        ({"days": 31}, postures.DeclarationNotRunning),
        ({"days": -1}, postures.DeclarationNotRunning),
        ({"ended": True}, postures.DeclarationNotRunning),
    ],
)
def test_an_emergency_posture_is_not_taken(
    cast: Cast,
    declared: Declaration,
    by_district: Callable[..., Declaration],
    changes: dict[str, Any],
    refusal: type[Refusal],
) -> None:
    terms: dict[str, Any] = {"declaration": declared, "grounds": [HERE], "by": "city_commander", "days": 0, **changes}
    if terms["declaration"] == "district":
        terms["declaration"] = by_district()
    if terms.pop("ended", False):
        terms["declaration"] = end_declaration(declared, reason="r", by=cast.city_commander, at=cast.at)
    with pytest.raises(refusal):
        take_posture(
            terms["declaration"],
            grounds=terms["grounds"],
            by=getattr(cast, terms["by"]),
            at=cast.at + timedelta(days=terms["days"]),
        )
    assert Posture.objects.count() == 0


def test_a_standing_posture_needs_its_end_and_its_basis(cast: Cast) -> None:
    with pytest.raises(postures.PostureEndMissing):
        low_posture(cast, until=None)
    with pytest.raises(postures.PostureEndMissing):
        low_posture(cast, until=cast.at)
    with pytest.raises(postures.PostureBasisMissing):
        low_posture(cast, basis=" ")
    assert Posture.objects.count() == 0
    low_posture(cast)
    view = posture_over([STREET], at=cast.at)
    assert view is not None
    assert (view.kind, view.level, view.basis, view.day) == ("STANDING", None, "常态化防控方案", 1)


def test_the_gravest_counts_and_a_drill_never_hides_what_is_real(cast: Cast) -> None:
    low_posture(cast)
    drill = declare(**response(cast, number="drill", drill=True))
    take_posture(drill, grounds=[CITY], by=cast.city_commander, at=cast.at)
    view = posture_over([HERE], at=cast.at)
    assert view is not None
    assert (view.kind, view.drill) == ("STANDING", False)
    fourth = declare(**response(cast, number="4", level=4, hazard="flood"))
    second = declare(**response(cast, number="2", level=2))
    for declaration in (fourth, second):
        take_posture(declaration, grounds=[HERE], by=cast.city_commander, at=cast.at)
    view = posture_over([HERE], at=cast.at)
    assert view is not None
    assert (view.kind, view.level, view.number) == ("EMERGENCY", 2, "2")


def test_ending_needs_right_and_ground(cast: Cast, declared: Declaration) -> None:
    (posture,) = take_posture(declared, grounds=[HERE], by=cast.city_commander, at=cast.at)
    with pytest.raises(NotAllowed):
        end_posture(posture, by=cast.worker, at=cast.at)
    with pytest.raises(NotFound):
        end_posture(posture, by=cast.neighbour_head, at=cast.at)
    assert Posture.objects.get().ended_at is None


@pytest.mark.row("EMG-8")
def test_a_lower_organ_does_not_end_what_a_higher_one_took(cast: Cast, declared: Declaration) -> None:
    taken = [
        *take_posture(declared, grounds=[HERE], by=cast.city_commander, at=cast.at),
        *low_posture(cast, grounds=[HERE]),
    ]
    written = Entry.objects.count()
    for subject in (declared, *taken):
        with pytest.raises(postures.TakenByHigherOrgan) as refused:
            end_posture(subject, by=cast.district_head, at=cast.at)
        assert refused.value.status == 403
    assert Posture.objects.filter(ended_at=None).count() == 2
    assert Entry.objects.count() == written
    assert end_posture(taken, by=cast.city_commander, at=cast.at) == 2


@pytest.mark.row("EMG-8")
def test_an_organ_ends_what_it_took_and_what_lower_ones_took(
    cast: Cast, declared: Declaration, by_district: Callable[..., Declaration]
) -> None:
    own = by_district()
    (first,) = take_posture(own, grounds=[HERE], by=cast.district_head, at=cast.at)
    assert first.rank == 2
    assert end_posture(own, by=cast.district_head, at=cast.at) == 1
    take_posture(own, grounds=[HERE], by=cast.district_head, at=cast.at)
    assert end_posture(own, by=cast.city_commander, at=cast.at) == 1
    # Under the city's declaration a district may take the posture first; once the city took it too, it is the city's.
    take_posture(declared, grounds=[HERE], by=cast.district_head, at=cast.at)
    (held,) = take_posture(declared, grounds=[HERE], by=cast.city_commander, at=cast.at)
    assert held.rank == 3
    with pytest.raises(postures.TakenByHigherOrgan):
        end_posture(declared, by=cast.district_head, at=cast.at)
    changed = change_level(declared, level=2, reason="r", by=cast.city_commander, at=cast.at)
    with pytest.raises(postures.TakenByHigherOrgan):
        end_posture(changed, by=cast.district_head, at=cast.at)
    assert Posture.objects.filter(declaration=declared, ended_at=None).count() == 1


@pytest.mark.row("EMG-19")
def test_in_standing_mode_no_form_about_persons_is_open(cast: Cast, declared: Declaration) -> None:
    form = publish_form(
        code="contacts",
        title="接触者登记",
        subject="PERSON",
        number="QP-2",
        issuer=cast.unit("5101:lead-body"),
        approval="a",
        basis="b",
        purpose="p",
        valid_from=cast.at,
        valid_to=cast.at + timedelta(days=60),
        by=cast.lead,
        at=cast.at,
    )
    terms: dict[str, Any] = {"closes_at": cast.at + timedelta(days=5), "by": cast.city_commander, "at": cast.at}
    low_posture(cast)
    with pytest.raises(PersonFormUnderStanding):
        open_form(form, grounds=[STREET], **terms)
    assert FormOpening.objects.count() == 0
    take_posture(declared, grounds=[HERE], by=cast.city_commander, at=cast.at)
    with pytest.raises(PersonFormUnderStanding):
        open_form(form, grounds=[CITY], **terms)  # the rest of the city is only standing
    openings = open_form(form, grounds=[STREET], **terms)
    assert open_forms([CITY], at=cast.at) == openings
    later = cast.at + timedelta(days=1)
    end_posture(declared, by=cast.city_commander, at=later)
    assert open_forms([CITY], at=later - timedelta(seconds=1)) == openings
    assert open_forms([CITY], at=later) == []
