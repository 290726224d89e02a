"""ORG-5: what was written about an area earlier names it, whatever became of it."""

from datetime import date, timedelta

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.place import COMMUNITY, COMPOUND, DISTRICT, Range, range_of
from qipan.territory.api import GOVERNING, Compound, get_area, ground_name, merge_area, named_area, split_area
from qipan.territory.models import Area
from qipan.territory.testing import close

from .conftest import AT, BEGIN

pytestmark = [pytest.mark.django_db, pytest.mark.row("ORG-5")]
HERE, NEXT, STREET = "510104001001", "510104001002", "510104001"
DAY = timedelta(days=1)
MAY = date(2026, 5, 1)


def told(code, on=None):
    found = named_area(code, on=on)
    return found.name, found.level, found.parent_code, found.ranges


WAS = "锦江区1街1社区", COMMUNITY, STREET, (range_of(HERE),)


def test_while_an_area_stands_it_is_the_one_that_is_got(city):
    for on in (None, BEGIN, MAY):
        assert named_area(HERE, on=on) == get_area(HERE, on=on)


def test_a_merged_area_is_named_on_days_before_the_merger_that_day_and_after_it(city, keeper):
    merge_area(HERE, into=NEXT, on=MAY, by=keeper, at=AT)
    assert [told(HERE, on) for on in (MAY - DAY, MAY, MAY + DAY, None)] == [WAS] * 4
    # The one that remains is that of the day: its ground before, and its ground since.
    assert told(NEXT, MAY - DAY)[3] == (range_of(NEXT),)
    assert told(NEXT, MAY)[3] == told(NEXT)[3] == (Range(range_of(HERE).first, range_of(NEXT).last),)


def test_an_area_that_an_import_closed_is_named_on_every_day(city):
    close(HERE, at=AT)
    assert [told(HERE, on) for on in (BEGIN, AT.date(), None)] == [WAS] * 3


def test_an_area_whose_map_begins_later_is_named_as_it_is_today(city):
    assert told(HERE, BEGIN - DAY) == WAS


def test_a_version_that_ended_on_the_day_it_began_leaves_the_code(city, keeper):
    Area.objects.filter(code=HERE).update(valid_from=MAY)
    merge_area(HERE, into=NEXT, on=MAY, by=keeper, at=AT)
    assert not Area.objects.filter(code=HERE).exists()
    assert told(HERE, MAY) == (HERE, COMMUNITY, STREET, (range_of(HERE),))
    assert (ground_name(range_of(HERE)), ground_name(range_of(HERE), on=MAY)) == (HERE, HERE)


def test_it_is_named_in_the_language_of_the_reader_and_after_each_change(city, keeper):
    Area.objects.filter(code=HERE).update(name_en="First Community")
    with override("en"):
        assert ground_name(range_of(HERE), on=MAY) == "First Community"
        merge_area(HERE, into=NEXT, on=MAY, by=keeper, at=AT)
        assert ground_name(range_of(HERE), on=MAY) == "First Community"
    assert ground_name(range_of(HERE)) == "锦江区1街1社区"


def test_a_renamed_area_has_the_name_of_the_day(city):
    row = Area.objects.get(code=HERE)
    Area.objects.filter(pk=row.pk).update(valid_to=MAY)
    Area.objects.create(code=HERE, name="新社区", level=COMMUNITY, parent_code=STREET, valid_from=MAY)
    assert [named_area(HERE, on=on).name for on in (MAY - DAY, MAY, None)] == ["锦江区1街1社区", "新社区", "新社区"]


def test_a_divided_area_keeps_its_name_and_the_new_one_is_named_before_it_was(city, keeper):
    split_area(STREET, new_code="510104003", name="新街道", parts=[HERE], on=MAY, by=keeper, at=AT)
    assert [named_area("510104003", on=on).name for on in (MAY - DAY, MAY, None)] == ["新街道"] * 3
    assert told(STREET, MAY - DAY) == ("锦江区1街道", 3, "510104", (range_of(STREET),))


def test_what_the_map_never_had_is_its_code_and_what_no_area_is_has_numbers(city):
    Compound.objects.create(place=range_of(HERE + "001").first, name="甲院", doors=30)
    assert (ground_name(range_of(HERE + "001")), ground_name(range_of(HERE + "009"))) == ("甲院", HERE + "009")
    assert told(HERE + "009") == (HERE + "009", COMPOUND, HERE, (range_of(HERE + "009"),))
    assert told("510199") == ("510199", DISTRICT, "5101", (range_of("510199"),))
    assert ground_name(Range(1, 3)) == "0000000000000000001–0000000000000000003"
    assert named_area("gone", hierarchy=GOVERNING).label == "gone"
    assert named_area("gone", hierarchy=GOVERNING).ranges == ()


@given(st.integers(0, 2**63 - 1), st.sampled_from([2, 4, 6, 9, 12, 15, 19]))
def test_every_code_has_a_name_and_a_ground(place, length):
    code = f"{place:019d}"[:length]
    found = named_area(code)
    assert (found.label, found.ranges) == (code, (range_of(code),))
