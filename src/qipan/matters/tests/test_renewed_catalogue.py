"""A catalogue put in force anew is about the same things: what is the same matter, and whose nobody's, is seen across it."""

from datetime import timedelta

import pytest

from qipan.journal.api import verify
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of

from ..actions.catalogue import import_catalogue, seed_rows
from ..actions.filing import file_matter
from ..actions.joining import merge_matter
from ..actions.sessions import prepare_session
from ..models import Category, Handling
from ..queries.alike import similar
from ..queries.patterns import orphans
from ..queries.suggesting import told_reports
from ..rules.sameness import decided
from ..testing import SPOT
from .test_joint import GREENING, LIGHTS, bounced

KEEPER = Actor.system("a test", acts=["matter.catalogue"])
CITY = [range_of("5101")]
WORDS = "小区门口路灯不亮了"


def renew(world, **limits):
    """Each category of the catalogue ends, and another of its code begins."""
    rows = [{**row, "limit_file": "5h", **limits} for row in seed_rows()]
    assert import_catalogue(rows, by=KEEPER, at=world.later(minutes=2)).changed == len(rows)


@pytest.mark.row("MAT-2")
def test_the_hint_finds_what_was_reported_before_the_catalogue_was_renewed(world, clock_at):
    old = world.category()
    before = world.reported().matter
    renew(world)
    assert old.pk != world.category().pk
    after = world.reported(at=world.later(minutes=3)).matter
    found = similar(world.category(), SPOT, WORDS, at=world.later(minutes=4))
    assert {one.matter for one in found} == {before, after}
    renew(world, limit_file="6h")
    assert len(similar(world.category(), SPOT, WORDS, at=world.later(minutes=4))) == 2
    assert similar(world.category("01001"), SPOT, WORDS, at=world.later(minutes=4)) == []
    clock_at(world.later(minutes=5))
    page = world.cast.client("anonymous").post(
        "/report/similar", {"category": "01003", "place": "510104001001001", "text": WORDS}
    )
    assert {one.matter for one in page.context["alike"]} == {before, after}


@pytest.mark.row("ORG-9")
def test_a_type_without_an_owner_is_one_type_before_and_after_the_catalogue_was_renewed(world, clock_at):
    first = bounced(world)
    renew(world)
    second = bounced(world)
    [one] = orphans(CITY, at=world.later(minutes=5))
    assert (one.category, one.returned, one.organs, one.matters) == ("01003", 2, (LIGHTS,), (first.pk, second.pk))
    clock_at(world.later(minutes=5))
    client = world.cast.client("lead")
    [(shown, category, *_rest)] = client.get("/matters/patterns").context["lost"]
    assert (shown.returned, category.pk) == (2, world.category().pk)
    item = prepare_session(by=world.cast.lead, at=world.later(minutes=6)).items.get(kind="ORPHAN")
    assert (item.n, item.category_id) == (2, world.category().pk)


@pytest.mark.row("ORG-9")
def test_three_organs_of_one_type_count_across_the_catalogues_and_an_ended_type_keeps_its_name(world):
    matters = [world.matter("DISPATCHED")]
    renew(world)
    matters += [world.matter("DISPATCHED") for _n in range(2)]
    for matter, code in zip(matters, (LIGHTS, GREENING, "5101:health"), strict=True):
        Handling.objects.filter(matter=matter).update(unit=world.cast.unit(code))
    [one] = orphans(CITY, at=world.later(minutes=5))
    assert (one.category, one.scattered, one.matters) == ("01003", True, tuple(matter.pk for matter in matters))
    # A catalogue without this type: it is named as it was named last.
    last = world.category().pk
    rest = [row for row in seed_rows() if row["code"] != "01003"]
    import_catalogue(rest, by=KEEPER, at=world.later(minutes=5))
    assert not Category.objects.filter(code="01003", valid_to=None).exists()
    item = prepare_session(by=world.cast.lead, at=world.later(minutes=6)).items.get(kind="ORPHAN")
    assert item.category_id == last


@pytest.mark.row("MAT-2")
def test_what_people_joined_is_learned_across_the_catalogues(world):
    by = world.cast.dispatcher
    first = world.reported().matter
    file_matter(first, by=by, at=world.later(minutes=1))
    renew(world)
    second = world.reported(at=world.later(minutes=3)).matter
    merge_matter(second, into=first, by=by, at=world.later(minutes=4))
    told = told_reports()
    assert [one.category for one in told] == ["01003", "01003"]
    assert [one.same for one in decided(told)] == [True]
    assert told[1].at - told[0].at == timedelta(minutes=3)
    assert verify().differences == []
