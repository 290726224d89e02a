"""The same matter: learned from what people joined and left apart, said with its share, with likeness until then."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.test import Client

from qipan.kernel.actor import Actor
from qipan.kernel.place import place_of
from qipan.kernel.rate import Rate

from ..actions.filing import file_matter
from ..actions.intake import Words, join_matter, part_report
from ..actions.joining import merge_matter, unmerge_matter
from ..actions.suggesting import switch_suggestions, train_suggestions
from ..models import Learned, Matter, Report
from ..queries import learned as learned_of
from ..queries.alike import similar
from ..queries.learned import sameness, targets_learned
from ..queries.suggesting import told_reports
from ..rules.points import Point
from ..rules.sameness import Sameness, decided
from ..terms import Advice, State
from ..testing import PUBLIC, SPOT, World

pytest.importorskip("sklearn", reason="the extra “suggestions” is not installed")
Entry = apps.get_model("journal", "Entry")
KEEPER = Actor.system("a test", acts=["matter.catalogue"])
WORDS, OTHER = "小区门口路灯不亮了", "楼道照明全灭"
GATE = Point(104.02, 30.62)
NEAR, FAR = Point(104.02, 30.62005), Point(104.02, 30.6208)  # 6 m and 89 m away


@pytest.fixture(autouse=True)
def _nothing_held():
    learned_of._held.clear()


def decide(world: World, many: int = 120, *, by_words: bool = True, **how) -> list[Matter]:
    """Writes pairs eight days apart: the same words a few steps away were joined; left apart was what is far away, and
    what is near in other words. Where people do not go ``by_words``, half of both is in other words.
    """
    made = []
    for n in range(many):
        same, at = n % 2 == 0, world.at - timedelta(days=8 * (many - n) + 30)
        first = written(world, at, GATE, **how)
        later = {"merged_into": first, "root": first, "state": State.DUPLICATE} if same else {}
        far = n % 4 == 1 or (not by_words and not same)
        point, text = FAR if far else NEAR, OTHER if n % 4 == 3 or (not by_words and n % 4 == 2) else WORDS
        made += [first, written(world, at + timedelta(hours=20 if far else 1), point, text=text, **(later | how))]
    return made


def written(world: World, at, point: Point, *, text: str = WORDS, channel: str = "WEB", **how) -> Matter:
    given = {"place": SPOT, "category": world.category(), "channel": channel, "state": State.CLOSED}
    given |= {"longitude": point.longitude, "latitude": point.latitude}
    given |= {"reported_at": at, "changed_at": at, "ended_at": at + timedelta(days=3)}
    matter = Matter.objects.create(**(given | how))
    key = f"same-{matter.pk}"
    Report.objects.create(
        matter=matter, text=text, channel=channel, code_hash=key, nonce=key, at=at, by_label="resident"
    )
    return matter


@pytest.fixture
def learned(world: World) -> World:
    decide(world)
    train_suggestions(by=KEEPER, at=world.at)
    return world


def page(world: World, path: str, who: str = "dispatcher", lang: str = "en") -> str:
    client = world.cast.client(who)
    client.cookies["django_language"] = lang
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def lines(text: str) -> list[str]:
    return [line.strip() for line in re.sub(r"<[^>]+>", "\n", text).split("\n") if line.strip()]


def part(text: str, begin: str) -> list[str]:
    """The words of the card with such a heading, one line for each element."""
    found = next((one for one in re.findall(r"<section.*?</section>", text, re.S) if f">{begin}</h2>" in one), "")
    return lines(found)


def pairs() -> list[tuple[int, bool]]:
    return [(round(one.pair.hours), one.same) for one in decided(told_reports())]


@pytest.mark.row("FOR-7", "MAT-1")
def test_it_learns_from_what_people_joined_and_left_apart(learned):
    row = Learned.objects.get(target="DUPLICATE")
    assert (row.cases, row.asked, row.joined, row.proposed, row.found) == (120, 60, 30, 30, 30)
    assert (row.likely, row.likely_found, row.majority, row.first, row.better) == (45, 30, 45, 60, True)
    assert (row.kept_out, row.among_three) == (0, 0)
    model = Sameness.unpack(bytes(row.weights), digest=row.digest)
    assert sameness() == (model, Advice.ON)
    assert not any(word in bytes(row.weights).decode() for word in ("路灯", "小区"))
    entry = Entry.objects.get(act="matters.train_suggestions", data__target="DUPLICATE")
    assert (entry.data["cases"], entry.data["first"], entry.data["majority"]) == (120, 60, 45)
    again = train_suggestions(by=KEEPER, at=learned.later(days=1))
    assert again[-1].digest == row.digest  # the same decisions, the same model


@pytest.mark.row("FOR-7", "MAT-1")
def test_the_dispatcher_reads_how_often_people_joined_such_pairs_and_why(learned):
    first = learned.reported(at=learned.later(hours=-1), point=GATE).matter
    near = learned.reported(text="门口路灯不亮", point=NEAR).matter
    card = part(page(learned, f"/matters/{near.pk}"), "Suggestions")
    assert card[card.index("Same matter:") : -2] == [
        "Same matter:",
        f"{first.number} Street light",
        "of 30 pairs of matters like this, people joined 30",
        "words in common: “门口路灯不亮”",
        "6 m away",
        "of the same category, at the same place",
        "reported 1 hour apart",
    ]
    text = page(learned, f"/matters/{near.pk}", lang="zh-hans")
    assert "与此相仿的30对事项中，有30对由人并入" in text and "相同的文字：“门口路灯不亮”" in text
    # The same words far away: it is shown, with what people did in such a case, and not proposed.
    far = learned.reported(at=learned.later(hours=19), point=FAR).matter
    text = page(learned, f"/matters/{far.pk}")
    hints = part(text, "May be the same")
    rest = "words in common: “小区门口路灯不亮了” · 89 m away · of the same category, at the same place"
    assert f"of 30 pairs of matters like this, people joined 0 · {rest} · reported 20 hours apart" in hints
    assert "Same matter:" not in lines(text)
    # Whoever may look and not decide reads the hint.
    hints = part(page(learned, f"/matters/{near.pk}", "worker"), "May be the same")
    assert [line.split(" · ")[0] for line in hints if "pairs" in line] == [
        "of 30 pairs of matters like this, people joined 30",
        "of 30 pairs of matters like this, people joined 0",
    ]


@pytest.mark.row("MAT-1")
def test_what_is_sure_is_hinted_at_first(learned):
    far = learned.reported(at=learned.later(hours=-20), point=FAR).matter
    near = learned.reported(at=learned.later(hours=-1), point=GATE, text="路灯不亮了吧").matter
    [one, other] = similar(learned.category(), SPOT, WORDS, at=learned.at, point=NEAR)
    assert (one.matter.pk, other.matter.pk) == (near.pk, far.pk)
    assert (one.share, other.share, one.proposed, other.proposed) == (Rate(30, 30), Rate(0, 30), True, False)
    assert (one.pair.likeness, other.pair.likeness) == (0.8, 1.0)


@pytest.mark.row("MAT-1")
def test_where_people_do_not_go_by_words_neither_does_the_hint(world):
    world.reported(at=world.later(hours=-1), point=GATE, text=OTHER)
    assert similar(world.category(), SPOT, WORDS, at=world.at, point=NEAR) == []
    decide(world, by_words=False)
    train_suggestions(by=KEEPER, at=world.at)
    [one] = similar(world.category(), SPOT, WORDS, at=world.at, point=NEAR)
    assert (one.pair.likeness, one.share, one.words) == (0.0, Rate(30, 30), ())
    assert similar(world.category(), SPOT, WORDS, at=world.later(hours=19), point=FAR) == []


@pytest.mark.row("MAT-1")
def test_who_reports_reads_the_share_and_neither_distance_nor_words(learned):
    """Nor does the share change with the point: whoever tries points finds nobody's."""
    matter = learned.reported(at=learned.later(hours=-1), point=GATE).matter
    Matter.objects.everywhere("a test").filter(pk=matter.pk).update(reported_at=learned.at)
    client = Client()
    client.cookies["django_language"] = "en"
    given = {"category": "01003", "place": "510104001001001", "text": "门口路灯不亮"}
    parts = [
        client.post("/report/similar", given | {"point": point.text}).content.decode() for point in (GATE, NEAR, FAR)
    ]
    assert len(set(parts)) == 1 and f'name="same" value="{matter.pk}"' in parts[0]
    shown = " ".join(lines(parts[0]))
    assert re.search(r"of \d+ pairs of matters like this, people joined \d+ · of the same category, at the same", shown)
    assert "m away" not in shown and "words in common" not in shown and "门口路灯" not in shown


@pytest.mark.row("MAT-1")
def test_a_post_that_takes_a_report_reads_words_and_metres(learned):
    matter = learned.reported(at=learned.at, point=GATE).matter
    [told] = similar(learned.category(), SPOT, "门口路灯不亮", at=learned.later(hours=1), point=NEAR)
    assert (told.matter, told.metres, told.words, told.share) == (matter, 6, ("门口路灯不亮",), Rate(30, 30))
    [open_] = similar(learned.category(), SPOT, "门口路灯不亮", at=learned.later(hours=1), point=NEAR, open_to_all=True)
    assert (open_.matter, open_.metres, open_.words, open_.pair.metres) == (matter, None, (), None)


@pytest.mark.row("FOR-7", "MAT-1")
def test_with_too_few_decisions_it_says_so_and_goes_by_likeness(world):
    decide(world, 40)
    train_suggestions(by=KEEPER, at=world.at)
    row = Learned.objects.get(target="DUPLICATE")
    assert (row.cases, row.digest, bytes(row.weights), row.asked) == (40, "", b"", 0)
    assert sameness() == (None, Advice.TOO_FEW_PAIRS)
    world.reported(at=world.later(hours=-3))
    second = world.reported(text="门口路灯不亮").matter
    text = page(world, f"/matters/{second.pk}")
    said = "likeness of words 100 of 100; nothing is learned yet from what people joined"
    assert said in part(text, "Suggestions") and said in " ".join(part(text, "May be the same"))
    assert "文字相似度100（满分100）；尚未从人的并入决定中学到什么" in page(
        world, f"/matters/{second.pk}", lang="zh-hans"
    )
    shown = part(page(world, "/matters/suggestions", "lead"), "Same matter")
    assert shown[1] == "off: too few decisions to learn from"
    assert shown[-1] == "Until then the same matter is proposed by likeness of words, and that is said beside it."


@pytest.mark.row("FOR-7")
def test_the_page_and_the_command_tell_how_good_it_is(learned):
    shown = " ".join(part(page(learned, "/matters/suggestions", "lead"), "Same matter"))
    assert "Same matter is proposed Last training" in shown
    assert "From pairs that people joined or left apart 120 , reported from" in shown
    assert "Texts left out" not in shown and "Until then" not in shown
    [target] = [one for one in targets_learned(on=True) if one.of_pairs]
    assert (target.proposed, target.found) == (Rate(30, 30), Rate(30, 30))
    assert (target.likely, target.likely_found) == (Rate(30, 45), Rate(30, 30))
    for rate in ("30 / 30", "30 / 45"):
        assert rate in shown
    out = StringIO()
    call_command("train_suggestions", stdout=out)
    line = out.getvalue().splitlines()[2]
    assert line.startswith("duplicate: learned from 120 pairs joined or left apart (")
    assert line.endswith(
        "; of the latest 60 people joined 30; called the same 30, of these joined 30; by likeness of words 45, "
        "of these joined 30; used"
    )
    Learned.objects.filter(target="DUPLICATE").update(first=30)
    assert sameness() == (None, Advice.NO_BETTER_PAIRS)
    shown = part(page(learned, "/matters/suggestions", "lead"), "Same matter")
    assert shown[1] == "off: no better than likeness of words alone" and shown[-1].startswith("Until then")
    found = similar(learned.category(), SPOT, WORDS, at=learned.at)
    assert found == []
    learned.reported()
    [one] = similar(learned.category(), SPOT, WORDS, at=learned.at)
    assert (one.share, one.sure) == (None, "likeness of words 100 of 100; what was learned is not used")


@pytest.mark.row("FOR-7")
def test_off_or_damaged_nothing_that_was_learned_is_used(learned):
    learned.reported()
    [one] = similar(learned.category(), SPOT, WORDS, at=learned.at)
    assert one.share == Rate(30, 30)
    switch_suggestions(False, reason="先核对效果", by=KEEPER, at=learned.at)
    [one] = similar(learned.category(), SPOT, WORDS, at=learned.at)  # who reports is hinted at it by words
    assert (one.share, one.advice, one.confidence) == (None, Advice.OFF, 1.0)
    switch_suggestions(True, reason="核对完毕", by=KEEPER, at=learned.at)
    learned_of._held.clear()
    Learned.objects.filter(target="DUPLICATE").update(weights=b"{}")
    assert sameness() == (None, Advice.DAMAGED)


@pytest.mark.row("FOR-7", "MAT-1")
def test_private_matters_drills_imports_and_what_waits_teach_nothing(world):
    decide(world, 2)
    decide(world, 2, private=True, category=world.category("02001"))
    decide(world, 2, drill=True, category=world.category("05001"))
    decide(world, 2, channel="IMPORT", category=world.category("01001"))
    assert pairs() == [(1, True), (20, False)]
    waits = written(world, world.later(hours=-2), GATE, state=State.REPORTED, ended_at=None)
    written(world, world.later(hours=-1), GATE, state=State.DECLINED)
    assert pairs() == [(1, True), (20, False)]
    Matter.objects.everywhere("a test").filter(pk=waits.pk).update(state=State.FILED)
    assert pairs() == [(1, True), (20, False)]  # there was nothing near it yet
    Report.objects.update(text="")  # erased by then
    assert pairs() == []


@pytest.mark.row("FOR-7", "MAT-1")
def test_decisions_are_read_as_they_stand_also_when_they_are_undone(world):
    dispatcher = world.cast.dispatcher
    first = file_matter(world.reported().matter, by=dispatcher, at=world.later(minutes=5))
    assert pairs() == []
    second = world.reported(at=world.later(hours=2)).matter
    assert pairs() == []  # nobody has decided yet
    merge_matter(second, into=first, by=dispatcher, at=world.later(hours=3))
    assert pairs() == [(2, True)]
    unmerge_matter(second, by=dispatcher, at=world.later(hours=4))
    assert pairs() == []
    file_matter(Matter.objects.everywhere("a test").get(pk=second.pk), by=dispatcher, at=world.later(hours=5))
    assert pairs() == [(2, False)]
    joined = join_matter(first, words=Words("路灯又灭了"), nonce="j", by=PUBLIC, at=world.later(hours=6))
    assert pairs() == [(2, False), (4, False), (6, True)]
    own = part_report(joined.report, by=dispatcher, at=world.later(hours=7))
    file_matter(own, by=dispatcher, at=world.later(hours=8))
    assert pairs() == [(2, False), (4, False), (6, False)]


@pytest.mark.row("MAT-1")
def test_a_report_wished_private_is_compared_with_nothing(world):
    first = world.reported(text="井盖破损").matter
    join_matter(first, words=Words(WORDS, private=True), nonce="p", by=PUBLIC, at=world.at)
    assert similar(world.category(), SPOT, WORDS, at=world.at) == []
    join_matter(first, words=Words("路灯不亮"), nonce="q", by=PUBLIC, at=world.at)
    [found] = similar(world.category(), SPOT, WORDS, at=world.at)
    assert (found.reports, found.words, found.pair.likeness) == (3, ("路灯不亮",), 1.0)


@pytest.mark.row("MAT-1")
def test_the_hint_asks_the_same_few_questions_however_many_decisions_there_are(
    learned, django_assert_num_queries, django_assert_max_num_queries
):
    learned.reported(point=GATE)
    similar(learned.category(), SPOT, WORDS, at=learned.at, point=NEAR)
    light = learned.category()
    # The keys of the category, the compound with its reports, the circle with its reports, the switch, the newest training.
    with django_assert_num_queries(7):
        similar(light, SPOT, WORDS, at=learned.at, point=NEAR)
    elsewhere = place_of("510104002001001")
    with django_assert_max_num_queries(4):
        similar(light, elsewhere, WORDS, at=learned.at)
