"""Story 7, red lines 8-11: a volunteer may stay with the group after an emergency, by the own link and own will."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from qipan.access.actions.staying import STAY, say_stay
from qipan.access.api import issue_pass, revoke_passes
from qipan.access.models import Pass
from qipan.access.queries.staying import volunteer_of
from qipan.access.retention import HELD_PASSES
from qipan.access.rules import NotAPass
from qipan.access.testing import Cast
from qipan.duties.api import help_in
from qipan.kernel import opened
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotFound
from qipan.kernel.testing import whole_or_nothing

Entry = apps.get_model("journal", "Entry")
DAY = timedelta(days=1)


def give(cast: Cast, label: str = "李晓", unit: str = "510104001:volunteer-group") -> Any:
    """A pass for ten days in a compound; who stands for a company gets the same."""
    return issue_pass(
        label=label, role_code="partner-visitor", unit=cast.unit(unit), code="510104001001001", expires_at=cast.at + 10 * DAY,
        by=cast.worker, at=cast.at,
    )  # fmt: skip


@pytest.fixture
def volunteer(city: Cast) -> Any:
    group, place = city.unit("510104001:volunteer-group"), range_of("510104001001001").first
    help_in(group, places=[place], by=city.worker, at=city.at)
    return give(city)


def held(one: Any) -> Pass:
    return Pass.objects.everywhere("a test").get(pk=one.issued.pk)


def test_only_a_volunteer_whose_time_is_over_is_asked_and_not_while_an_emergency_holds(city, volunteer, monkeypatch):
    at = city.at
    company = give(city, "保安", "510104:property-company-1")
    assert volunteer_of(volunteer.token, at=at + 9 * DAY) is None
    assert volunteer_of(volunteer.token, at=at + 10 * DAY).pk == volunteer.issued.pk
    assert volunteer_of(company.token, at=at + 11 * DAY) is None
    assert volunteer_of(city.screener_pass.token, at=at + 90 * DAY) is None
    with pytest.raises(NotAPass):
        volunteer_of("nonsense", at=at)
    revoke_passes(Pass.objects.filter(pk=volunteer.issued.pk), by=city.worker, at=at + DAY)
    assert volunteer_of(volunteer.token, at=at + DAY) is not None  # the release took it back
    monkeypatch.setattr(opened, "_known", [(lambda ranges, at: [("E-1", "x")], lambda number: None)])
    assert volunteer_of(volunteer.token, at=at + 11 * DAY) is None
    with pytest.raises(NotFound):
        say_stay(volunteer.token, stays=True, at=at + 11 * DAY)
    assert held(volunteer).stays_until is None


def test_silence_is_no_yes_and_a_yes_is_taken_back(city, volunteer):
    at = city.at + 11 * DAY
    rows = Entry.objects.count()
    said = say_stay(volunteer.token, stays=True, at=at)
    assert (said.stays_until, held(volunteer).stays_until) == (at + STAY, at + STAY)
    entry = Entry.objects.latest("pk")
    assert (entry.act, entry.data, "李晓" in entry.by_label) == ("access.say_stay", {"stays": True}, False)
    assert say_stay(volunteer.token, stays=False, at=at).stays_until is None
    assert Entry.objects.count() == rows + 2
    for answer in (True, False):
        whole_or_nothing(lambda answer=answer: say_stay(volunteer.token, stays=answer, at=at))


def test_who_stays_is_kept_until_the_end_of_it_and_the_others_go_at_the_same_time_as_ever(city, volunteer):
    silent = give(city, "王芳")
    at = city.at + 11 * DAY
    before = {lot.key: (lot.rows, lot.due) for lot in HELD_PASSES.lots(at=city.at + 900 * DAY)}
    say_stay(volunteer.token, stays=True, at=at)
    after = {lot.key: (lot.rows, lot.due) for lot in HELD_PASSES.lots(at=city.at + 900 * DAY)}
    key, stays = f"{silent.issued.expires_at:%Y-%m}:real", f"{at + STAY:%Y-%m}:real"
    assert after[key] == (before[key][0] - 1, before[key][1])
    assert after[stays][0] == 1 and after[stays][1] > at + STAY
    assert HELD_PASSES.take(key, after="", most=1000, held=()).destroyed == after[key][0]
    assert (held(silent).label, held(volunteer).label) == ("", "李晓")
    assert volunteer_of(silent.token, at=at) is None
    with pytest.raises(NotFound):
        say_stay(silent.token, stays=True, at=at)
    assert held(silent).stays_until is None
    assert HELD_PASSES.take(stays, after="", most=1000, held=()).destroyed == 1
    assert (held(volunteer).label, held(volunteer).stays_until) == ("", None)


def test_the_page_asks_answers_and_shows_the_group_who_stays(city, volunteer, clock_at):
    clock_at(city.at + 11 * DAY)
    phone, page = Client(), f"/p/{volunteer.token}"
    asked = phone.get(page)
    assert asked.status_code == 200 and "您愿意留队继续做志愿者吗" in asked.content.decode()
    assert asked.headers["Referrer-Policy"] == "same-origin"
    for nonsense in ({}, {"answer": "x"}):
        assert phone.post(f"{page}/stay", nonsense).status_code == 404
    company = phone.get(f"/p/{give(city, '保安', '510104:property-company-1').token}")
    assert (company.status_code, "留队" in company.content.decode()) == (401, False)
    assert phone.post("/p/nonsense/stay", {"answer": "yes"}).status_code == 401
    assert phone.post(f"/p/{city.screener_pass.token}/stay", {"answer": "yes"}).status_code == 404
    assert held(volunteer).stays_until is None
    answer = phone.post(f"{page}/stay", {"answer": "yes"})
    assert (answer.status_code, answer.headers["Location"]) == (302, page)
    assert "您已选择留队" in phone.get(page).content.decode()
    english = phone.get(page, headers={"Accept-Language": "en"}).content.decode()
    assert "You stay as a volunteer" in english and "510104001" not in english
    listed = city.client("worker").get("/access/passes?state=stays").content.decode()
    assert "李晓" in listed and "留队至" in listed
    assert "李晓" not in city.client("neighbour_worker").get("/access/passes?state=stays").content.decode()
    phone.post(f"{page}/stay", {"answer": "no"})
    assert "李晓" not in city.client("worker").get("/access/passes?state=stays").content.decode()
    assert "您愿意留队" in phone.get(page).content.decode()
