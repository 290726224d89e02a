"""FRC-13: a hotel, carrier or supplier gets a desk at the place where it stands, and nothing else."""

from dataclasses import replace

import pytest
from django.apps import apps
from hypothesis import given
from hypothesis import strategies as st

from qipan.duties.actions.firms import (
    CommunityMissing,
    CompoundLookedAfter,
    CompoundsMissing,
    CreditCodeTaken,
    CreditCodeWrong,
    FirmNameMissing,
    NotAKindOfFirm,
    register_firm,
)
from qipan.duties.api import Stewardship, Unit, get_unit, ground_of, units_on
from qipan.duties.rules import CREDIT_CODE, is_credit_code
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range, place_of, range_of
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.kernel.testing import at_once

pytestmark = pytest.mark.row("FRC-13")
HERE = range_of("510104001001")
REGISTRAR = Actor.system("seed", acts=["register.edit"], ranges=[range_of("5101")])
HOTEL = {
    "name": "锦江示例宾馆",
    "name_en": "Jinjiang Example Hotel",
    "community": "510104001001",
    "made_up": True,
    "by": REGISTRAR,
}
CODE = "91110000600037341L"
COMPOUNDS = [place_of("510104001001001"), place_of("510104001002001")]
COMPANY = {"name": "安居示例物业", "credit_code": CODE, "compounds": COMPOUNDS, "takes_over": True, "by": REGISTRAR}


def test_a_firm_stands_at_one_place_below_its_community_and_is_registered_once(city):
    before = Unit.objects.count()
    firm = register_firm("hotel", **HOTEL, at=city.at)
    assert register_firm("hotel", **HOTEL, at=city.at) == firm
    assert Unit.objects.count() == before + 1
    assert (firm.code, firm.label, firm.synthetic) == ("510104:hotel-1", "锦江示例宾馆", True)
    assert firm.parent == get_unit("510104001001:community")
    assert ground_of(firm) == (Range(HERE.first, HERE.first),)
    assert list(units_on([HERE], ["hotel"])) == [firm]
    second = register_firm("hotel", **HOTEL | {"name": "另一家"}, at=city.at)
    assert second.code == "510104:hotel-2"
    acts = apps.get_model("journal", "Entry").objects.filter(act="duties.register_firm")
    assert [entry.data["name"] for entry in acts.order_by("pk")] == ["锦江示例宾馆", "另一家"]


@pytest.mark.parametrize(
    ("kind", "changes", "refusal"),
    [
        ("hotel", {"by": Actor.system("x", ranges=[range_of("5101")])}, NotAllowed),
        ("community", {}, NotAKindOfFirm),
        ("dragon", {}, NotAKindOfFirm),
        ("hotel", {"name": " "}, FirmNameMissing),
        ("hotel", {"community": "510104001"}, NotFound),
        ("hotel", {"community": "x"}, NotFound),
        ("hotel", {"community": ""}, CommunityMissing),
        ("hotel", {"made_up": False}, CreditCodeWrong),
        ("hotel", {"by": replace(REGISTRAR, scope=Scope((range_of("510105"),)))}, NotFound),
    ],
)
def test_what_is_no_firm_is_refused_and_nothing_is_written(city, kind, changes, refusal):
    before = Unit.objects.count()
    with pytest.raises(refusal):
        register_firm(kind, **{**HOTEL, **changes}, at=city.at)
    assert Unit.objects.count() == before


@pytest.mark.row("FRC-5")
def test_a_company_is_registered_for_its_compounds_and_takes_them_over(city):
    before = get_unit("510104:property-company-1")
    company = register_firm("property-company", **COMPANY, at=city.at)
    assert (company.code, company.credit_code) == ("510104:property-company-91110000600037341l", CODE)
    assert (company.looks_after, company.synthetic, company.parent) == (True, False, get_unit("510104001001:community"))
    assert [ground.first for ground in ground_of(company)] == COMPOUNDS
    assert not {ground.first for ground in ground_of(before)} & set(COMPOUNDS)
    ended = Stewardship.objects.filter(unit=before, valid_to__isnull=False).order_by("place")
    assert list(ended.values_list("place", flat=True)) == COMPOUNDS
    assert register_firm("property-company", **COMPANY, at=city.at) == company  # a resend changes nothing
    more = {**COMPANY, "compounds": [place_of("510105001001001")]}
    assert register_firm("property-company", **more, at=city.at) == company
    assert len(ground_of(company)) == 3
    acts = apps.get_model("journal", "Entry").objects.filter(act="duties.register_firm").order_by("pk")
    assert [entry.data["compounds"] for entry in acts] == [2, 1]


@pytest.mark.row("FRC-5")
@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"credit_code": "91110000600037341M"}, CreditCodeWrong, "credit_code"),
        ({"credit_code": ""}, CreditCodeWrong, "credit_code"),
        ({"compounds": []}, CompoundsMissing, "compounds"),
        ({"compounds": [place_of("510104001001009")]}, NotFound, None),
        ({"compounds": [place_of("510104001001001") + 1]}, NotFound, None),
        ({"takes_over": False}, CompoundLookedAfter, "compounds"),
        ({"by": replace(REGISTRAR, scope=Scope((range_of("510105"),)))}, NotFound, None),
    ],
)
def test_a_company_that_cannot_be_registered_leaves_nothing_behind(city, changes, refusal, field):
    before = (Unit.objects.count(), list(Stewardship.objects.order_by("pk").values_list("unit", "valid_to")))
    with pytest.raises(refusal) as refused:
        register_firm("property-company", **{**COMPANY, **changes}, at=city.at)
    assert refused.value.data.get("field") == field
    assert (Unit.objects.count(), list(Stewardship.objects.order_by("pk").values_list("unit", "valid_to"))) == before


def test_a_code_belongs_to_one_firm(city):
    register_firm("property-company", **COMPANY, at=city.at)
    for kind, fields in (
        ("property-company", COMPANY | {"name": "另一家物业"}),
        ("hotel", HOTEL | {"credit_code": CODE.lower()}),
    ):
        with pytest.raises(CreditCodeTaken) as refused:
            register_firm(kind, **fields, at=city.at)
        assert refused.value.data["field"] == "credit_code" and "安居示例物业" in str(refused.value)
    assert Unit.objects.filter(credit_code=CODE).count() == 1


def test_the_check_digit_is_that_of_the_standard():
    assert is_credit_code(CODE)  # the example that python-stdnum gives for GB 32100-2015
    assert not is_credit_code("A1110000600037341L") and not is_credit_code(CODE.lower()) and not is_credit_code("")


@given(st.text(CREDIT_CODE, min_size=17, max_size=17), st.integers(0, 16), st.sampled_from(CREDIT_CODE))
def test_one_sign_mistyped_is_always_found(body, at, other):
    right = [sign for sign in CREDIT_CODE if is_credit_code(body + sign)]
    assert len(right) == 1
    if other != body[at]:
        assert not is_credit_code(body[:at] + other + body[at + 1 :] + right[0])


@pytest.mark.row("FRC-5")
def test_two_officials_at_the_same_moment_register_one_company_once(transactional_db, city):
    """Each with a connection of its own, one of them for a compound more: the second finds what the first has written."""
    more = [*COMPOUNDS, place_of("510105001001001")]
    works = [
        lambda places=places: register_firm("property-company", **COMPANY | {"compounds": places}, at=city.at)
        for places in (COMPOUNDS, more)
    ]
    before = Unit.objects.count()
    assert at_once(*works) == [None, None]
    assert Unit.objects.count() == before + 1
    company = Unit.objects.get(credit_code=CODE)
    assert [ground.first for ground in ground_of(company)] == more
    entries = apps.get_model("journal", "Entry").objects.filter(act="duties.register_firm").order_by("pk")
    assert [entry.data["compounds"] for entry in entries] in ([2, 1], [3])
