"""FRC-13: a hotel, carrier or supplier gets a desk at the place where it stands, and nothing else."""

from dataclasses import replace

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError

from qipan.duties.actions.firms import FirmNameMissing, NotAKindOfFirm, register_firm
from qipan.duties.api import Unit, get_unit, ground_of, units_on
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range, range_of
from qipan.kernel.refusal import NotAllowed, NotFound

pytestmark = pytest.mark.row("FRC-13")
HERE = range_of("510104001001")
REGISTRAR = Actor.system("seed", acts=["register.edit"], ranges=[range_of("5101")])
HOTEL = {"name": "锦江示例宾馆", "name_en": "Jinjiang Example Hotel", "community": "510104001001", "by": REGISTRAR}


def test_a_firm_stands_at_one_place_below_its_community_and_is_registered_once(city):
    before = Unit.objects.count()
    firm = register_firm("hotel", **HOTEL, at=city.at)
    assert register_firm("hotel", **HOTEL, at=city.at) == firm
    assert Unit.objects.count() == before + 1
    assert (firm.code, firm.label, firm.synthetic) == ("510104:hotel-1", "锦江示例宾馆", False)
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
        ("hotel", {"by": replace(REGISTRAR, scope=Scope((range_of("510105"),)))}, NotFound),
    ],
)
def test_what_is_no_firm_is_refused_and_nothing_is_written(city, kind, changes, refusal):
    before = Unit.objects.count()
    with pytest.raises(refusal):
        register_firm(kind, **{**HOTEL, **changes}, at=city.at)
    assert Unit.objects.count() == before


def test_the_command_registers_and_says_why_not(city, capsys):
    call_command("register_firm", "carrier", "--name", "示例运输", "--community", "510104001001")
    assert "510104:carrier-1: 示例运输" in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("register_firm", "carrier", "--name", "示例运输", "--community", "510104")
