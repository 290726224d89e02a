"""A replay never touches a database in which something real stands."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from qipan.access.api import Account
from qipan.duties.api import CompanyContact
from qipan.replay.driver.ground import DEMO_ACCOUNTS, NotSynthetic, UsedBefore, prepare, refuse_real_data
from qipan.replay.management.commands._edges import take
from qipan.screening.api import Campaign
from qipan.territory.api import Area, Compound

NOW = timezone.now()
GIVEN = {"territory": "generated", "shape": (2, 2, 3), "scale": 0.005, "seed": 3, "at": NOW, "say": lambda said: None}


def counts():
    return Area.objects.count(), Compound.objects.count(), Account.objects.count()


def test_an_empty_database_is_made_ready_and_marked_synthetic(db):
    ground = prepare("5101", **GIVEN)
    assert (ground.territory, ground.communities) == ("generated", 3)
    assert not Compound.objects.filter(synthetic=False).exists()
    assert {login.username for login in ground.logins} == set(DEMO_ACCOUNTS)
    assert len({login.password for login in ground.logins}) == 1
    kept = CompanyContact.objects.order_by("unit__code").values_list("unit__code", "post", "line")
    assert list(kept[:1]) == [("510101:property-company-1", "项目经理岗", "028-0000 0001")]
    client = Client()
    assert client.login(username="manager", password=ground.login("manager").password)
    page = client.get("/forces/companies").content.decode()
    assert "028-0000 0001" in page.split("<tbody")[1]


def test_real_compounds_are_left_alone(db):
    Compound.objects.create(place=5101040010010010000, name="真实小区", synthetic=False)
    before = counts()
    with pytest.raises(NotSynthetic):
        prepare("5101", **GIVEN)
    assert counts() == before


def test_real_accounts_are_left_alone(db):
    Account.objects.create(username="somebody", display_name="Somebody", password="!")
    before = counts()
    with pytest.raises(NotSynthetic):
        prepare("5101", **GIVEN)
    assert counts() == before


def test_a_database_in_which_a_campaign_ran_is_not_used_again(city):
    with pytest.raises(NotSynthetic):
        refuse_real_data(DEMO_ACCOUNTS)
    Campaign.objects.create(title="排查", basis="法", unit=city.unit("5101:city-command"), opened_at=NOW)
    with pytest.raises(UsedBefore):
        refuse_real_data(frozenset(Account.objects.values_list("username", flat=True)))


def test_it_does_not_run_on_the_clock_of_a_real_deployment(db, settings):
    settings.CLOCK_FILE = ""
    before = counts()
    with pytest.raises(CommandError, match="clock of its own"):
        call_command("replay", shape=(1, 2, 3))
    assert counts() == before


def test_two_replays_never_share_a_folder(tmp_path):
    assert take(tmp_path)
    assert not take(tmp_path)
