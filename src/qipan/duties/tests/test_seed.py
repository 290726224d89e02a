"""Seeding: each area and compound gets its unit, from data, set-based, any number of times."""

from collections import Counter

import pytest
from django.apps import apps

from qipan.duties.api import OrganType, Stewardship, Unit, seed_organisation, units_on
from qipan.kernel.actor import Actor
from qipan.kernel.place import place_of, range_of
from qipan.kernel.refusal import NotAllowed, NotFound

CITY = range_of("5101")
SEEDER = Actor.system("seed", acts=["register.edit"], ranges=[CITY])


def entries(act: str) -> list:
    return list(apps.get_model("journal", "Entry").objects.filter(act=act).order_by("pk"))


def kinds() -> Counter:
    return Counter(Unit.objects.values_list("organ_type__code", flat=True))


EXPECTED = {
    "city-command": 1,
    "lead-body": 1,
    "department": 32,
    "district-command": 2,
    "street-office": 4,
    "community": 8,
    "compound": 16,
    "property-company": 2,
    "social-organisation": 4,
    "volunteer-group": 4,
}


@pytest.mark.row("ORG-2")
def test_every_area_and_compound_has_its_unit(city):
    assert kinds() == EXPECTED
    assert Stewardship.objects.count() == 16
    (entry,) = entries("duties.seed_organisation")
    assert entry.data == {"units": EXPECTED, "stewardships": 16}


@pytest.mark.row("ORG-2")
def test_units_stand_on_their_ground_below_each_other(city):
    compound = city.unit("510104001001002:compound")
    assert (compound.first, compound.last) == range_of("510104001001002")
    assert compound.name == "锦江一街一社区2号院"
    chain = []
    unit = compound
    while unit is not None:
        chain.append(unit.code)
        unit = unit.parent
    assert chain == [
        "510104001001002:compound",
        "510104001001:community",
        "510104001:street-office",
        "510104:district-command",
        "5101:city-command",
    ]
    office = city.unit("510104001:street-office")
    assert (office.name, office.name_en) == ("锦江一街道办事处", "Jinjiang First Subdistrict Office")
    assert office.synthetic


def test_departments_and_the_lead_body_stand_below_the_city_command(city):
    command = city.unit("5101:city-command")
    health = city.unit("5101:health")
    assert (health.name, health.name_en) == ("成都市卫生健康委员会", "Health Commission of Chengdu")
    assert health.parent == command == city.unit("5101:lead-body").parent
    assert health.synthetic


def test_seeding_again_adds_nothing(city):
    again = seed_organisation("5101", by=SEEDER, at=city.at)
    assert again.total == 0 == again.stewardships
    assert kinds() == EXPECTED
    assert len(entries("duties.seed_organisation")) == 1


def test_what_is_new_on_the_ground_gets_its_unit_and_its_steward(city):
    apps.get_model("territory", "Compound").objects.create(place=place_of("510104002002003"), name="新院", doors=3)
    again = seed_organisation("5101", by=SEEDER, at=city.at)
    assert {kind: count for kind, count in again.units.items() if count} == {"compound": 1}
    assert again.stewardships == 1
    steward = Stewardship.objects.get(place=place_of("510104002002003"))
    assert steward.unit.code == "510104:property-company-1"


def test_eleven_compounds_need_a_second_company(city):
    compounds = apps.get_model("territory", "Compound")
    compounds.objects.bulk_create(
        compounds(place=place_of(f"510104002002{n:03d}"), name=f"{n}号院") for n in range(3, 6)
    )
    assert seed_organisation("5101", by=SEEDER, at=city.at).units["property-company"] == 1
    per_company = Counter(Stewardship.objects.values_list("unit__code", flat=True))
    assert per_company == {
        "510104:property-company-1": 10,
        "510104:property-company-2": 1,
        "510105:property-company-1": 8,
    }


def test_names_of_companies_are_the_same_each_time_and_marked_synthetic(city):
    names = units_on([CITY], ["property-company"]).order_by("code").values_list("name", "name_en", "synthetic")
    assert list(names) == [
        ("安和1号物业服务有限公司", "Anhe 1 Property Services", True),
        ("明德1号物业服务有限公司", "Mingde 1 Property Services", True),
    ]


@pytest.mark.parametrize(
    ("by", "city_code", "refusal"),
    [
        (Actor.system("clerk", ranges=[CITY]), "5101", NotAllowed),
        (Actor.system("neighbour", acts=["register.edit"], ranges=[range_of("5102")]), "5101", NotFound),
        (Actor.system("seed", acts=["register.edit"], ranges=[range_of("5102")]), "5102", NotFound),
    ],
    ids=["without the act", "outside the ground", "no such city"],
)
def test_seeding_is_refused_and_writes_nothing(db, city_code, by, refusal):
    from django.utils import timezone

    with pytest.raises(refusal):
        seed_organisation(city_code, by=by, at=timezone.now())
    assert Unit.objects.count() == 0 == OrganType.objects.count()
    assert entries("duties.seed_organisation") == []
