"""How often people join pairs like one: which pairs are decided on, what is learned from them, what is kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import StringIO
from pathlib import Path

import numpy
import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.kernel.rate import Rate

from ..rules import learning
from ..rules.learning import NothingToLearnWith, TooFewCases, learn_pairs, said_of, steps_of, try_pairs
from ..rules.limits import pairs
from ..rules.points import Point
from ..rules.sameness import Curve, Decided, Pair, Sameness, Step, Told, Tried, decided, is_hinted, is_proposed
from ..rules.suggestions import NotReadable

pytest.importorskip("sklearn", reason="the extra “suggestions” is not installed")
from sklearn.isotonic import IsotonicRegression

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LAMP, DARK, DRAIN = "小区门口路灯不亮", "门口路灯不亮", "井盖破损"


def told(matter: int, hours: float, *, root: int = 0, **how) -> Told:
    """A report of a lamp in one compound, after so many hours."""
    given = {"ended": None, "category": "lamp", "ground": "c1", "lies": ("c1", "community"), "words": pairs(LAMP)}
    return Told(matter=matter, root=root or matter, at=BEGIN + timedelta(hours=hours), **(given | how))


def said(reports: list[Told]) -> list[tuple[float, bool]]:
    return [(round(one.pair.hours, 3), one.same) for one in decided(reports)]


@pytest.mark.row("MAT-1")
def test_what_is_weighed_of_a_pair_lies_between_nothing_and_one():
    assert Pair(0.5, 0, 50.0, True).weighed == (0.5, 1.0, 1.0, 0.5)
    assert Pair(0.5, 168, 0.0, False).weighed == (0.5, 0.0, 0.0, 1.0)
    assert Pair(1.0, 9000, None, True).weighed == (1.0, 0.0, 1.0)  # no distance is no distance of nothing
    assert Pair(1.0, 12, 400.0, True).weighed == (1.0, pytest.approx(0.5, abs=1e-9), 1.0, 0.0)


@pytest.mark.row("MAT-1")
def test_joined_is_the_same_and_left_apart_is_not():
    first = told(1, 0)
    assert said([first, told(2, 3, root=1)]) == [(3, True)]  # joined by a dispatcher
    assert said([replace(first, root=2), told(2, 3)]) == [(3, True)]  # the older to the newer
    assert said([first, told(1, 4)]) == [(4, True)]  # joined by who reported
    assert said([first, told(2, 3)]) == [(3, False)]
    assert said([first, told(2, 2, root=1), told(3, 3)]) == [(2, True), (1, False), (3, False)]
    # Over a chain, and those joined to one: all end at one matter.
    assert said([first, told(2, 2, root=1), told(3, 3, root=1)]) == [(2, True), (1, True), (3, True)]


@pytest.mark.row("MAT-1")
def test_what_nobody_was_asked_about_is_no_decision():
    first = told(1, 0)
    assert said([first, told(2, 3, asks=False)]) == []  # waits, was declined, or was taken over
    assert said([replace(first, asks=False), told(2, 3)]) == [(3, False)]
    assert said([told(1, 0, asks=False), told(1, 3, asks=False)]) == [(3, True)]  # who joins has said so
    assert said([first, told(2, 24 * 7)]) == [(168, False)] and said([first, told(2, 24 * 7 + 1)]) == []
    assert said([told(1, 0, ended=BEGIN + timedelta(hours=3)), told(2, 3)]) == []  # was over by then
    assert said([told(1, 0, ended=BEGIN + timedelta(hours=4)), told(2, 3)]) == [(3, False)]
    assert said([first, told(2, 3, category="drain")]) == []
    assert said([first, told(2, 3, ground="c2", lies=("c2", "community"))]) == []
    assert said([first, told(2, 3, ground="community", lies=("community",))]) == [(3, False)]
    many = [told(n, n / 100) for n in range(1, 60)]
    assert len(said([*many, told(99, 100)])) == 40 + sum(min(40, n) for n in range(59))


@pytest.mark.row("MAT-1")
def test_words_of_all_who_reported_before_count_and_points_across_a_boundary():
    reports = [told(1, 0, words=pairs(DRAIN)), told(1, 1, words=pairs(LAMP)), told(2, 2, words=pairs(DARK))]
    assert [one.pair.likeness for one in decided(reports)] == [0.0, 1.0]
    here = Point(104.0499, 30.62)
    away = {"ground": "c2", "lies": ("c2",)}
    first = told(1, 0, point=here)
    [near] = decided([first, told(2, 1, point=Point(104.0506, 30.62), **away)])
    assert (round(near.pair.metres), near.pair.same_ground) == (67, False)
    assert list(decided([first, told(2, 1, point=Point(104.0511, 30.62), **away)])) == []  # 115 m
    [both] = decided([first, told(2, 1, point=here)])  # found by ground and by point, once
    assert both.pair == Pair(1.0, 1.0, 0.0, True)
    [joined] = decided([first, told(1, 1, point=here)])  # the point is the first reporter's
    assert joined.pair.metres is None


@pytest.mark.row("FOR-7")
def test_a_share_is_counted_from_score_to_score_and_never_falls():
    few = [(0.1, False)] * 20 + [(0.5, n < 3) for n in range(10)] + [(0.9, True)] * 10
    assert steps_of(few) == ((0.1, 0, 20), (0.3, 3, 10), (0.7, 10, 10))
    assert steps_of([*few, *[(1.0, True)] * 4]) == ((0.1, 0, 20), (0.3, 3, 10), (0.7, 14, 14))
    assert steps_of([*few, (2.0, False)]) == ((0.1, 0, 20), (0.3, 3, 10), (0.7, 10, 11))
    assert steps_of([(0.1, False)] * 9 + [(0.2, True)] * 4) == ((0.1, 4, 13),)  # fewer than ten tell nothing
    assert steps_of([(0.1, True)] * 10 + [(0.2, False)] * 10) == ((0.1, 10, 20),)
    assert steps_of([]) == ()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(10, 30)), min_size=1, max_size=9))
def test_the_steps_are_those_of_isotonic_regression(blocks):
    scored = [(float(at), n < joined) for at, (joined, of) in enumerate(blocks) for n in range(of)]
    steps = steps_of(scored)
    assert (sum(one.n for one in steps), sum(one.of for one in steps)) == (sum(y for _x, y in scored), len(scored))
    curve = IsotonicRegression().fit([x for x, _y in scored], [float(y) for _x, y in scored])
    model = Curve((1.0, 0.0), steps)
    for at in range(len(blocks)):
        share = model.share(Pair(at, 0, None, True))
        assert share.part / share.whole == pytest.approx(curve.predict([at])[0])


def decisions(many: int = 120, *, metres: bool = True) -> list[Decided]:
    """The words are the same everywhere: what is a few steps away and soon was joined, what is far was left apart."""
    made = []
    for n in range(many):
        same = n % 2 == 0
        pair = Pair(1.0, 1.0 if same else 20.0, (5.0 if same else 80.0) if metres else None, True)
        made.append(Decided(pair, same, BEGIN + timedelta(days=n)))
    return made


@pytest.mark.row("FOR-7", "MAT-1")
def test_what_is_said_of_a_pair_is_what_people_did_with_pairs_like_it():
    model = learn_pairs(decisions())
    assert model.trial == Tried(pairs=60, joined=30, proposed=30, found=30, likely=60, likely_found=30)
    assert (model.cases, model.trial.right, model.trial.right_by_words, model.trial.better) == (120, 60, 30, True)
    near, far = Pair(1.0, 1.0, 5.0, True), Pair(1.0, 20.0, 80.0, True)
    assert (model.share(near), model.share(far)) == (Rate(30, 30), Rate(0, 30))
    assert model.share(near._replace(metres=None)) == Rate(30, 30)  # the hours tell it too
    assert model.share(Pair(0.0, 168.0, 100.0, False)) == Rate(0, 30)
    assert said_of(model, [near, far, far]) == pytest.approx(1 / 3)
    assert try_pairs(model, decisions(4)) == Tried(4, 2, 2, 2, 4, 2)
    assert [is_proposed(Rate(n, 30)) for n in (14, 15)] == [False, True]
    assert [is_hinted(Rate(n, 30)) for n in (2, 3)] == [False, True]


def test_without_points_it_is_learned_without_metres():
    model = learn_pairs(decisions(metres=False))
    assert model.pointed is None and len(model.plain.weights) == 4
    assert model.share(Pair(1.0, 1.0, 80.0, True)) == Rate(30, 30)


@pytest.mark.row("FOR-7")
def test_the_same_decisions_give_the_same_model_in_whatever_order_they_come():
    some = decisions()
    assert learn_pairs(some).pack() == learn_pairs(reversed(some)).pack()


def test_too_few_decisions_teach_nothing(monkeypatch):
    lonely = [replace_same(one, same=False) for one in decisions(100)]
    late = [replace_same(one, same=n > 60) for n, one in enumerate(decisions(100))]  # joined only lately
    for some in ([], decisions(48), lonely, late):
        with pytest.raises(TooFewCases):
            learn_pairs(some)
    monkeypatch.setattr(learning, "find_spec", lambda name: None)
    with pytest.raises(NothingToLearnWith):
        learn_pairs(decisions())


def replace_same(one: Decided, *, same: bool) -> Decided:
    return one._replace(same=same)


@pytest.mark.row("FOR-7")
def test_what_was_learned_of_pairs_is_kept_as_data_and_read_again_exactly():
    for model in (learn_pairs(decisions()), learn_pairs(decisions(metres=False))):
        raw = model.pack()
        assert Sameness.unpack(raw, digest=sha256(raw).hexdigest()) == model
        assert "路灯" not in raw.decode() and len(raw) < 600
    good = learn_pairs(decisions())
    bad = [b"", b"{}", b"[]", raw[:-9], good.pack().replace(b'"format": 1', b'"format": 2')]
    bad += [replace(good, plain=Curve(good.plain.weights[:-1], good.plain.steps)).pack()]
    bad += [replace(good, plain=Curve(good.plain.weights, steps)).pack() for steps in ((), (Step(0.0, 3, 0),))]
    for broken in bad:
        with pytest.raises(NotReadable):
            Sameness.unpack(broken, digest=sha256(broken).hexdigest())
    with pytest.raises(NotReadable):
        Sameness.unpack(good.pack() + b" ", digest=sha256(good.pack()).hexdigest())


def test_what_is_promised_of_noisy_pairs_is_kept_on_later_ones():
    """People join one pair in two that is near, and one in twenty that is far: so it is said, before and after."""
    chance = numpy.random.default_rng(7)

    def some(many: int, since: int) -> list[Decided]:
        made = []
        for n in range(many):
            near = chance.random() < 0.3
            pair = Pair(float(chance.random()), 10.0, 5.0 if near else 90.0, True)
            made.append(Decided(pair, chance.random() < (0.5 if near else 0.05), BEGIN + timedelta(hours=since + n)))
        return made

    model, later = learn_pairs(some(6000, 0)), some(6000, 9000)
    joined = sum(one.same for one in later) / len(later)
    assert abs(said_of(model, (one.pair for one in later)) - joined) < 0.03
    shares = [model.share(Pair(0.5, 10.0, metres, True)) for metres in (5.0, 90.0)]
    assert abs(shares[0].part / shares[0].whole - 0.5) < 0.1
    assert shares[1].part / shares[1].whole < 0.1


def written(path: Path, *, days: range, joined: bool = True) -> str:
    lines = ["number,same_as,community,category,latitude,longitude,reported,text"]
    for day in days:
        at, same = BEGIN + timedelta(days=8 * day), day % 2 == 0
        near = 30.62 + (0.00005 if same else 0.0008)
        later = at + timedelta(hours=1 if same else 20)
        parent = f"{day}a" if same and joined else ""
        what = "lamp" if day % 4 < 2 else "wall"
        lines.append(f"{day}a,,c1,{what},30.62,104.04,{at:%Y-%m-%d %H:%M:%S},{LAMP}")
        lines.append(f"{day}b,{parent},c1,{what},{near:.5f},104.04,{later:%Y-%m-%d %H:%M:%S},{LAMP}")
    path.write_text("\n".join(lines), "utf-8")
    return str(path)


def evaluated(*how: str) -> str:
    out = StringIO()
    call_command("evaluate_suggestions", *how, stdout=out)
    return out.getvalue()


@pytest.mark.row("FOR-7", "MAT-1")
def test_the_command_measures_the_same_matter_on_a_later_file(tmp_path):
    train, test = written(tmp_path / "a.csv", days=range(120)), written(tmp_path / "b.csv", days=range(120, 160))
    whole = written(tmp_path / "c.csv", days=range(160))
    for text in (evaluated("--train", train, "--test", test), evaluated("--train", whole, "--split", "0.75")):
        first, *rest = text[text.index("duplicate:") :].splitlines()
        assert first.startswith("duplicate: learned from 120 pairs, asked for 40 in ")
        assert first.endswith(" s, of which people joined 20")
        assert rest == [
            "  likeness of words: called the same 40, of these right  50.0%, found of the joined 100.0%, "
            "all pairs said rightly  50.0%",
            "  what was learned:  called the same 20, of these right 100.0%, found of the joined 100.0%, "
            "all pairs said rightly 100.0%",
            "  mean share said 50.0%, joined of all pairs  50.0%",
        ]


@pytest.mark.row("FOR-7")
def test_the_command_says_what_it_cannot_measure_of_pairs(tmp_path):
    rows = ["number,same_as,unit,community,category,reported"]
    rows += [
        f"{n},{n - 1 if n < 3 else ''},u{n % 2},c1,lamp,{BEGIN + timedelta(hours=n):%Y-%m-%d %H:%M:%S}"
        for n in range(200)
    ]
    (tmp_path / "few.csv").write_text("\n".join(rows))
    text = evaluated("--train", str(tmp_path / "few.csv"), "--split", "0.5")
    assert "duplicate: not measured. " in text and "unit: trained on 100 cases" in text
    apart = tmp_path / "apart.csv"
    apart.write_text("\n".join(row.replace(",0,", ",,", 1).replace(",1,", ",,", 1) for row in rows))
    text = evaluated("--train", str(apart), "--split", "0.5")
    assert "duplicate: not measured, the file holds no cases that were joined to others near them" in text
