"""FRC-5: a property company keeps a post and the post's line as its contact, never a person's."""

from dataclasses import replace

import pytest
from django.apps import apps

from qipan.duties.actions.contacts import ContactPostMissing, LinePersonal, LineUnreadable, keep_contact
from qipan.duties.api import Stewardship, contact_of, looked_after
from qipan.duties.models import CompanyContact
from qipan.duties.rules import line_problem
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound

COMPANY = "510104:property-company-1"
GIVEN = {"post": "项目经理岗", "line": "028-86611234"}


@pytest.mark.row("EMG-3", "FRC-5")
@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("028-86611234", ""),
        ("12345", ""),
        ("028 8661 1234 转 801", ""),
        ("+86 28 8661 1234", ""),
        ("13800138000", "personal"),
        ("+86 138 0013 8000", "personal"),
        ("12", "unreadable"),
        ("", "unreadable"),
        ("call me", "unreadable"),
    ],
)
def test_a_line_is_the_post_s_and_no_mobile_phone(line, problem):
    assert line_problem(line) == problem


def manager(city):
    return replace(city.guard, acts=city.guard.acts | {"contact.keep"})


def entries():
    kept = apps.get_model("journal", "Entry").objects.filter(act="duties.keep_contact")
    return list(kept.order_by("pk").values_list("data", flat=True))


@pytest.mark.row("FRC-5")
def test_a_company_keeps_one_contact_and_may_change_it(city):
    company = city.unit(COMPANY)
    assert contact_of(company) is None
    keep_contact(company, **GIVEN, by=manager(city), at=city.at)
    keep_contact(company, post="值班岗", line=" 12345 ", by=manager(city), at=city.at)
    held = contact_of(company)
    assert (held.post, held.line, held.kept_at, held.kept_by) == ("值班岗", "12345", city.at, city.guard.label)
    assert entries() == [{"post": "项目经理岗"}, {"post": "值班岗"}]  # the journal holds no line


@pytest.mark.row("FRC-5")
@pytest.mark.parametrize(
    ("changes", "code", "refusal"),
    [
        ({"post": " "}, COMPANY, ContactPostMissing),
        ({"line": "138 0013 8000"}, COMPANY, LinePersonal),
        ({"line": "call me"}, COMPANY, LineUnreadable),
        ({}, "510105:property-company-1", NotFound),
        ({"by": "guard"}, COMPANY, NotAllowed),
        ({"by": "lead"}, COMPANY, NotAllowed),
    ],
)
def test_what_is_no_contact_of_the_company_is_refused_and_nothing_is_written(city, changes, code, refusal):
    by = getattr(city, changes["by"]) if "by" in changes else manager(city)
    with pytest.raises(refusal):
        keep_contact(city.unit(code), **{**GIVEN, **changes, "by": by}, at=city.at)
    assert (CompanyContact.objects.count(), entries()) == (0, [])


@pytest.mark.row("FRC-5")
def test_who_looks_after_no_compound_keeps_no_contact(city):
    helper = city.unit("510104001:volunteer-group")
    with pytest.raises(NotFound):
        keep_contact(helper, **GIVEN, by=replace(manager(city), unit_id=helper.pk), at=city.at)
    assert CompanyContact.objects.count() == 0


@pytest.mark.row("FRC-5")
def test_who_looks_after_a_compound_is_told_for_that_ground_alone(city):
    ground = range_of("510104001")
    own = list(
        Stewardship.objects.filter(place__range=ground, helps=False).order_by("place").values_list("place", flat=True)
    )
    found = [(one.place, one.unit.code) for one in looked_after([ground])]
    assert found == [(place, COMPANY) for place in own] and len(found) == 4
    Stewardship.objects.filter(place=own[0]).update(helps=True)
    assert [one.place for one in looked_after([ground])] == own[1:]
