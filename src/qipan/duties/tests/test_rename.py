"""PRI-3: the lead organisation and every other kind are renamed as data, without code."""

from datetime import date
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from django.utils.translation import override

import qipan.duties
from qipan.duties.api import OrganType, get_unit, lead_body, rename_organ_type, seed_organisation
from qipan.kernel.actor import Actor
from qipan.kernel.place import CITY, range_of
from qipan.kernel.refusal import NotAllowed
from qipan.territory.api import Area

NEW = {
    "name": "社会工作部",
    "name_en": "Social Work Department",
    "unit_name": "{area}社会工作部",
    "unit_name_en": "Social Work Department of {area}",
}


@pytest.mark.row("PRI-3")
def test_the_lead_role_is_renamed_and_everything_goes_on(city):
    admin = Actor.system("register", acts=["register.edit"], ranges=[range_of("5101")])
    before = lead_body()
    assert rename_organ_type(before.organ_type, **NEW, by=admin, at=city.at) == 1
    after = lead_body()
    assert after.pk == before.pk
    assert (after.name, after.name_en) == ("成都市社会工作部", "Social Work Department of Chengdu")
    assert after.organ_type.is_lead
    with override("en"):
        assert str(after.organ_type) == "Social Work Department"
    seed_organisation("5101", by=admin, at=city.at)  # does not bring the old name back
    assert OrganType.objects.get(code="lead-body").name == "社会工作部"


@pytest.mark.row("PRI-3")
def test_a_city_of_another_country_brings_its_own_names(city):
    call_command(
        "rename_organ_type",
        "street-office",
        name="区役所支所",
        name_en="Ward branch",
        unit_name="{area}支所",
        unit_name_en="{area} branch office",
    )
    unit = get_unit("510104001:street-office")
    assert (unit.name, unit.name_en) == ("锦江一街道支所", "Jinjiang First Subdistrict branch office")
    assert get_unit("510104001001:community").name == "锦江一街一社区"


@pytest.mark.row("PRI-3")
def test_a_city_seeds_with_its_own_list_of_kinds(db, tmp_path):
    data = (Path(qipan.duties.__file__).parent / "data" / "organ_types.csv").read_text(encoding="utf-8")
    own = tmp_path / "types.csv"
    own.write_text(data.replace("城乡社区发展治理委员会", "治理协调局"), encoding="utf-8")
    Area.objects.create(code="5101", parent_code="51", level=CITY, name="成都市", valid_from=date(2020, 1, 1))
    seeder = Actor.system("seed", acts=["register.edit"], ranges=[range_of("5101")])
    seed_organisation("5101", types=own, by=seeder, at=timezone.now())
    assert lead_body().name == "成都市治理协调局"


def test_a_unit_with_a_name_of_its_own_keeps_it(city):
    unit = city.unit("5101:lead-body")
    unit.name = "一个自己的名字"
    unit.save()
    admin = Actor.system("register", acts=["register.edit"])
    rename_organ_type(unit.organ_type, **NEW, by=admin, at=city.at)
    assert lead_body().name == "一个自己的名字"


def test_renaming_needs_the_right_and_writes_nothing_without(city):
    kind = OrganType.objects.get(code="lead-body")
    with pytest.raises(NotAllowed):
        rename_organ_type(kind, **NEW, by=city.city_commander, at=city.at)
    assert OrganType.objects.get(code="lead-body").name == "城乡社区发展治理委员会"
    assert lead_body().name == "成都市城乡社区发展治理委员会"
