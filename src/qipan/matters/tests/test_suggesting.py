"""Suggestions in use: learned from the city's own closed matters, shown, taken or not, switched, never acting."""

import re
from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.apps import apps
from django.core import signing
from django.core.management import CommandError, call_command
from django.utils.timezone import localdate

from qipan.duties.api import ResponsibilityItem, Role, set_duty
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotAllowed

from .. import jobs
from ..actions.dispatching import object_to_matter
from ..actions.suggesting import (
    SuggestionsAreOff,
    SwitchedAlready,
    decide_beside,
    switch_suggestions,
    train_suggestions,
)
from ..models import Learned, Matter, MatterStep, SuggestionSwitch, SuggestionTally
from ..queries import learned as learned_of
from ..queries import suggesting
from ..queries.learned import advisor_for
from ..queries.suggesting import SALT, shown_in, used
from ..rules import learning
from ..rules.learning import NothingToLearnWith
from ..rules.loop import ReasonNeeded
from ..rules.suggestions import Advisor
from ..terms import State
from ..testing import CLOSED, SPOT, World, close_many

Entry = apps.get_model("journal", "Entry")
pytest.importorskip("sklearn", reason="the extra “suggestions” is not installed")

LAMP, WALL = "01003", "05001"
KEEPER = Actor.system("a test", acts=["matter.catalogue"])
CITY, DISTRICT = "5101:urban-management", "510104:district-command"


@pytest.fixture(autouse=True)
def _nothing_held():
    learned_of._held.clear()


@pytest.fixture
def learned(world: World) -> World:
    close_many(world)
    train_suggestions(by=KEEPER, at=world.at)
    return world


def page(world: World, matter: Matter, who: str = "dispatcher", take: str = "", lang: str = "en") -> str:
    client = world.cast.client(who)
    client.cookies["django_language"] = lang
    answer = client.get(f"/matters/{matter.pk}", {"take": take} if take else {})
    assert answer.status_code == 200
    return answer.content.decode()


def card(text: str) -> list[str]:
    """The words of the card of suggestions, one line for each element."""
    found = re.search(r'<section class="card facts-card no-print suggested".*?</section>', text, re.S)
    return [line.strip() for line in re.sub(r"<[^>]+>", "\n", found[0]).split("\n") if line.strip()] if found else []


def token(text: str) -> str:
    return re.search(r'name="shown" value="([^"]+)"', text)[1]


def tallies() -> list[tuple[str, str, int]]:
    return list(SuggestionTally.objects.order_by("kind", "word").values_list("kind", "word", "n"))


def fresh(matter: Matter) -> Matter:
    return Matter.objects.everywhere("a test").get(pk=matter.pk)


@pytest.mark.row("FOR-7")
def test_a_category_is_proposed_with_its_reasons(learned):
    matter = learned.reported(WALL, text="路灯又不亮了，晚上很黑").matter  # reported as a wall
    assert card(page(learned, matter)) == [
        "Suggestions",
        "A suggestion from earlier matters. A person decides.",
        "How good they are",
        "Category:",
        "Street light",
        "confidence 99 of 100: so many proposals like this were right on the latest matters",
        "words that spoke for it: “路灯”, “晚上很黑”",
        "of 80 earlier matters like this (Jinjiang First First Community), of this category: 40",
        "of 80 earlier matters like this (Jinjiang First Subdistrict), of this category: 40",
        "Take over into the form",
        "Decide otherwise",
    ]
    assert "把握：" in page(learned, matter, lang="zh-hans")
    for who in ("worker", "lead"):  # only for who files and dispatches
        assert card(page(learned, matter, who)) == []


@pytest.mark.row("FOR-7")
def test_one_tap_takes_it_into_the_form_and_nothing_is_sent(learned):
    matter = learned.reported(WALL, text="路灯又不亮了，晚上很黑").matter
    before = (MatterStep.objects.count(), Entry.objects.count(), fresh(matter).state)
    plain, taken = page(learned, matter), page(learned, matter, take="category")
    assert f'<option value="{WALL}" selected>' in plain and f'<option value="{LAMP}" selected>' not in plain
    assert f'<option value="{LAMP}" selected>' in taken and "Nothing is sent yet; you decide." in taken
    for nonsense in ("unit", "nobody", "CATEGORY", "🀄"):
        assert "Nothing is sent yet" not in page(learned, matter, take=nonsense)
    assert (MatterStep.objects.count(), Entry.objects.count(), fresh(matter).state) == before
    assert fresh(matter).category.code == WALL
    assert tallies() == []


@pytest.mark.row("FOR-7")
def test_a_unit_is_proposed_among_those_that_may_handle_it(learned):
    here = learned.matter("FILED")
    assert card(page(learned, here))[3:8] == [
        "Unit:",
        learned.cast.unit(CITY).name_en,
        "confidence 99 of 100: so many proposals like this were right on the latest matters",
        "of 40 earlier matters like this (Jinjiang First First Community · Street light) it handled 40",
        "of 40 earlier matters like this (Jinjiang First Subdistrict · Street light) it handled 40",
    ]
    text = page(learned, here, take="unit")
    assert f'value="{CITY}" checked' in text and f'value="{DISTRICT}" checked' not in text


@pytest.mark.row("FOR-7", "ORG-3")
def test_a_unit_that_may_not_handle_it_is_never_proposed(world):
    """Closed matters of old went to a community; its list does not name the item, so nobody proposes it."""
    community = world.cast.unit("510104001001:community")
    close_many(world)
    Matter.objects.everywhere("a test").filter(place=SPOT, category=world.category()).update(handler=community)
    train_suggestions(by=KEEPER, at=world.at)
    matter = world.matter("FILED")
    advisor = advisor_for("UNIT")
    case = suggesting._case(LAMP, SPOT, "WEB", CLOSED[LAMP], "", world.at)
    assert advisor.propose(case)[0].value == community.code
    text = page(world, matter)
    assert card(text) == []
    assert 'name="shown"' not in text


@pytest.mark.row("FOR-7")
def test_a_unit_that_returned_it_is_not_proposed_again(learned):
    matter = learned.matter("DISPATCHED")
    object_to_matter(matter, reason="不归我们管", by=learned.handler(), at=learned.later(minutes=2))
    Matter.objects.everywhere("a test").filter(pk=matter.pk).update(state=State.FILED)
    assert CITY in page(learned, fresh(matter))
    assert card(page(learned, fresh(matter))) == []


@pytest.mark.row("FOR-7", "MAT-1")
def test_the_same_matter_is_proposed_and_joined_by_a_person(learned):
    first = learned.reported(at=learned.later(hours=-3)).matter
    second = learned.reported(text="门口路灯不亮").matter
    lines = card(page(learned, second))
    assert lines[lines.index("Same matter:") :] == [
        "Same matter:",
        f"{first.number} Street light",
        "likeness of words 100 of 100; nothing is learned yet from what people joined",
        "words in common: “门口路灯不亮”",
        "of the same category, at the same place",
        "reported 3 hours apart",
        "Take over into the form",
        "Decide otherwise",
    ]
    text = page(learned, second, take="duplicate")
    assert f'value="{first.number}"' in text
    client = learned.cast.client("dispatcher")
    client.post(f"/matters/{second.pk}/merge", {"into": first.number, "shown": token(text)})
    assert fresh(second).merged_into_id == first.pk
    assert tallies() == [("DUPLICATE", "TAKEN", 1)]


@pytest.mark.row("FOR-7")
def test_what_was_proposed_and_what_was_chosen_is_counted_without_anybody(learned):
    client = learned.cast.client("dispatcher")
    for code, category in ((LAMP, LAMP), (WALL, LAMP), (LAMP, WALL)):
        matter = learned.reported(code, text="路灯又不亮了，晚上很黑").matter
        shown = token(page(learned, matter))
        answer = client.post(f"/matters/{matter.pk}/file", {"category": category, "note": "", "shown": shown})
        assert (answer.status_code, fresh(matter).category.code) == (302, category)  # what a person chose stands
    matter = fresh(matter)
    assert ("CATEGORY", "TAKEN", 2) in tallies() and ("CATEGORY", "OTHERWISE", 1) in tallies()
    named = {"role": Role.PRIMARY, "basis": "own list", "version": "v"}
    item, district = ResponsibilityItem.objects.get(code="street-lighting"), learned.cast.unit(DISTRICT)
    set_duty(item, district, **named, begins=localdate(learned.at), by=learned.cast.lead, at=learned.at)
    lamp = learned.matter("FILED")
    shown = token(page(learned, lamp))
    client.post(f"/matters/{lamp.pk}/dispatch", {"unit": DISTRICT, "shown": shown})
    assert fresh(lamp).handler.code == DISTRICT
    assert ("UNIT", "OTHERWISE", 1) in tallies()
    year = localdate(learned.at).year
    shares = {one.kind: (one.month.year, one.taken.part, one.taken.whole) for one in used()}
    assert shares["CATEGORY"] == (year, 2, 3) and shares["UNIT"] == (year, 0, 1)
    columns = {field.name for field in SuggestionTally._meta.fields}
    assert columns == {"id", "month", "kind", "word", "n"}


@pytest.mark.row("FOR-7")
def test_what_is_refused_or_forged_is_not_counted(learned):
    client = learned.cast.client("dispatcher")
    matter, other = learned.matter("FILED"), learned.matter("FILED")
    shown = token(page(learned, matter))
    community = {"unit": "510104001001:community", "shown": shown}
    assert client.post(f"/matters/{matter.pk}/dispatch", community).status_code == 409
    assert fresh(matter).state == State.FILED
    assert tallies() == []
    assert shown_in(shown, other) == {}  # of another matter
    for bad in (
        "",
        "x",
        shown[:-1],
        signing.dumps(["UNIT"], salt=SALT),
        signing.dumps({"matter": matter.pk}, salt="y"),
    ):
        assert shown_in(bad, matter) == {}
    client.post(f"/matters/{matter.pk}/dispatch", {"unit": CITY, "shown": shown + "x"})
    assert (fresh(matter).state, tallies()) == (State.DISPATCHED, [])
    client.post(f"/matters/{other.pk}/dispatch", {"unit": CITY})  # from somewhere else than the page
    assert (fresh(other).state, tallies()) == (State.DISPATCHED, [])
    client.post(f"/matters/{matter.pk}/dispatch", {"unit": CITY, "shown": shown})  # twice
    assert tallies() == []


def test_a_count_stands_or_falls_with_what_was_decided(learned):
    matter = learned.matter("FILED")
    shown = token(page(learned, matter))
    with pytest.raises(ZeroDivisionError):
        decide_beside(lambda: 1 / 0, matter, shown=shown, chosen={"UNIT": CITY}, at=learned.at)
    assert tallies() == []
    matter.drill = True
    decide_beside(lambda: None, matter, shown=shown, chosen={"UNIT": CITY}, at=learned.at)
    assert tallies() == []
    matter.drill = False
    decide_beside(lambda: None, matter, shown=shown, chosen={"UNIT": CITY}, at=datetime(2026, 3, 31, 17, tzinfo=UTC))
    assert list(SuggestionTally.objects.values_list("month", "kind", "word", "n")) == [
        (date(2026, 4, 1), "UNIT", "TAKEN", 1)  # civil time
    ]


@pytest.mark.row("FOR-7")
def test_off_nothing_is_computed_shown_or_learned(learned, monkeypatch):
    first, matter = learned.reported().matter, learned.reported(text="门口路灯不亮").matter
    assert "May be the same" in page(learned, matter) and card(page(learned, matter))
    client = learned.cast.client("lead")
    client.cookies["django_language"] = "en"
    assert client.post("/matters/suggestions", {"on": "0", "reason": "先核对效果"}).status_code == 302
    [entry] = Entry.objects.filter(act="matters.switch_suggestions")
    assert (entry.data, entry.by_post) == ({"on": False, "reason": "先核对效果"}, learned.cast.lead.post_id)
    monkeypatch.setattr(suggesting, "similar", None)  # would fail if it was asked
    monkeypatch.setattr(learned_of, "_read", None)
    text = page(learned, matter)
    assert card(text) == [] and "May be the same" not in text and 'name="shown"' not in text
    rows = Learned.objects.count()
    with pytest.raises(SuggestionsAreOff):
        train_suggestions(by=KEEPER, at=learned.at)
    assert jobs.learn(at=learned.at) == 0
    with pytest.raises(CommandError, match="switched off"):
        call_command("train_suggestions", stdout=StringIO())
    assert Learned.objects.count() == rows
    shown = client.get("/matters/suggestions").content.decode()
    assert "先核对效果" in shown and "Nothing is computed, shown or learned." in shown
    monkeypatch.undo()
    client.post("/matters/suggestions", {"on": "1", "reason": "核对完毕"})
    assert card(page(learned, matter)) and first.pk
    assert list(SuggestionSwitch.objects.order_by("pk").values_list("on", "reason")) == [
        (False, "先核对效果"),
        (True, "核对完毕"),
    ]


@pytest.mark.row("FOR-7")
def test_only_who_keeps_the_catalogue_switches_and_learns(learned):
    rows = (Learned.objects.count(), Entry.objects.count())
    for who in ("dispatcher", "city_commander", "department"):
        client = learned.cast.client(who)
        if getattr(learned.cast, who).can("matter.view"):
            assert client.get("/matters/suggestions").status_code == 200
        assert client.post("/matters/suggestions", {"on": "0", "reason": "不用"}).status_code == 403
    with pytest.raises(NotAllowed):
        train_suggestions(by=learned.cast.dispatcher, at=learned.at)
    with pytest.raises(NotAllowed):
        switch_suggestions(False, reason="不用", by=learned.cast.dispatcher, at=learned.at)
    lead = learned.cast.lead
    with pytest.raises(ReasonNeeded):
        switch_suggestions(False, reason=" ", by=lead, at=learned.at)
    with pytest.raises(SwitchedAlready):
        switch_suggestions(True, reason="已经开着", by=lead, at=learned.at)
    client = learned.cast.client("lead")
    assert client.post("/matters/suggestions", {"on": "0", "reason": ""}).status_code == 400
    assert client.post("/matters/suggestions", {"on": "1", "reason": "开"}).status_code == 409
    assert (SuggestionSwitch.objects.count(), Learned.objects.count(), Entry.objects.count()) == (0, *rows)


@pytest.mark.row("FOR-7")
def test_without_the_library_it_is_off_and_says_so(learned, monkeypatch):
    matter = learned.matter("FILED")
    monkeypatch.setattr(learning, "find_spec", lambda name: None)
    assert card(page(learned, matter)) == []
    assert jobs.learn(at=learned.at) == 0
    with pytest.raises(NothingToLearnWith):
        train_suggestions(by=KEEPER, at=learned.at)
    assert said(learned).count("off: the extra “suggestions” is not installed") == 3


def said(world: World) -> str:
    client = world.cast.client("lead")
    client.cookies["django_language"] = "en"
    return client.get("/matters/suggestions").content.decode()


@pytest.mark.row("FOR-7")
def test_what_is_no_better_than_a_table_is_not_proposed(learned):
    Learned.objects.filter(target="UNIT").update(first=16)
    assert card(page(learned, learned.matter("FILED"))) == []
    text = said(learned)
    assert "off: no better than a plain table of the most frequent answer" in text
    assert text.count("is proposed</span>") == 1  # the category still is
    assert "100.0 %" in text and "32 / 32" in text and "16 / 32" in text


def test_what_is_damaged_is_not_proposed_and_the_page_stands(learned):
    Learned.objects.filter(target="UNIT").update(weights=b"PK\x03\x04 nothing")
    assert card(page(learned, learned.matter("FILED"))) == []
    assert "off: what was learned cannot be read" in said(learned)


def test_it_is_loaded_once_and_anew_when_a_newer_one_is_stored(learned, monkeypatch):
    loads = []
    unpack = Advisor.unpack
    monkeypatch.setattr(Advisor, "unpack", lambda raw, *, digest: loads.append(digest) or unpack(raw, digest=digest))
    matter = learned.matter("FILED")
    for _look in range(3):
        assert card(page(learned, matter))
    assert len(loads) == 1
    close_many(learned, 40)
    _category, unit, _pairs = train_suggestions(by=KEEPER, at=learned.later(days=1))
    for _look in range(2):
        page(learned, matter)
    assert loads[1:] == [unit.digest]
