"""Learns from closed cases what ``suggestions.py`` proposes, and measures it beside a plain majority; from decisions on
pairs how often ``sameness.py`` says that people join them, and measures that beside likeness of words.

The model of cases is scikit-learn's complement naive Bayes: of what was tried on real cases (also logistic regression
and a forest) it was the best and learns thousands of cases in a blink. That of pairs, of which four numbers are known,
is its logistic regression (ADR 28). The library is only needed here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, NamedTuple

import numpy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.kernel.refusal import Refusal

from .sameness import LEAST_ALIKE, Curve, Decided, Pair, Sameness, Step, Tried, is_proposed
from .suggestions import Advisor, Case, Trial, evidence_of, features_of, pieces_of

FEWEST = 50  # cases below which nothing is proposed
HELD_BACK = 0.2  # of the cases, the latest: the confidence is what was right there
PAIRS_HELD_BACK = 0.5  # of the pairs, the latest: five weights need few, and a share needs many to be counted on
FEWEST_OF_A_KIND = 5  # pairs that people joined, and that they left apart, in each half
FEWEST_LIKE = 10  # pairs of which a share is told
SMOOTHING = 0.3
FEWEST_USES = 10  # of a piece of text and of a ground for a reason, so that what few people wrote is in no model
MOST_WORDS = 20_000  # pieces of one to three characters that are kept, the most frequent
MOST_FEATURES = 20_000


class TooFewCases(Refusal):
    code = "too_few_cases"
    sentence = ngettext_lazy(
        "Nothing can be learned from %(cases)s case; at least %(fewest)s with two different answers are needed.",
        "Nothing can be learned from %(cases)s cases; at least %(fewest)s with two different answers are needed.",
        "cases",
    )


class NothingToLearnWith(Refusal):
    """The library is an extra, so that a city without suggestions does not carry it."""

    code = "nothing_to_learn_with"
    sentence = _("Suggestions need the extra “suggestions” to be installed: pip install qipan[suggestions].")
    status = 503


def can_learn() -> bool:
    """This function will say whether the library is installed."""
    return find_spec("sklearn") is not None


def learn(cases: Iterable[Case], *, target: str = "unit") -> Advisor:
    """This function will learn from closed cases; those without the answer are left out.

    The latest fifth is held back once to measure what is right, and with which confidence. A piece of text
    that stands in fewer than ten cases is forgotten. Raises ``TooFewCases``, ``NothingToLearnWith``.
    """
    if not can_learn():
        raise NothingToLearnWith
    known = sorted((case for case in cases if getattr(case, target)), key=lambda case: case.at)
    cut = int(len(known) * (1 - HELD_BACK))
    if len(known) < FEWEST or len({getattr(case, target) for case in known[:cut]}) < 2:
        raise TooFewCases(cases=len(known), fewest=FEWEST)
    before, after = known[:cut], known[cut:]
    trial = _measure(_fit(before, target), before, after)
    advisor = _fit(known, target)
    advisor.leads, advisor.right, advisor.later, advisor.trial = trial
    seen: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for case in known:
        for features in evidence_of(case, target=target):
            seen[features][getattr(case, target)] += 1
    advisor.seen = {features: counts for features, counts in seen.items() if counts.total() >= FEWEST_USES}
    return advisor


def _fit(cases: Sequence[Case], target: str) -> Advisor:
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.naive_bayes import ComplementNB

    named = CountVectorizer(
        analyzer=lambda case: features_of(case, target=target), binary=True, max_features=MOST_FEATURES
    )
    words = TfidfVectorizer(analyzer=pieces_of, min_df=FEWEST_USES, sublinear_tf=True, max_features=MOST_WORDS)
    parts: list[Any] = []
    found: list[list[str]] = []
    for kind, what in ((named, cases), (words, [case.text for case in cases])):
        try:
            parts.append(kind.fit_transform(what))
        except ValueError:  # nothing is known of any case, or no piece of text occurs often enough
            found.append([])
            continue
        found.append([str(name) for name in kind.get_feature_names_out()])
    if not parts:
        raise TooFewCases(cases=0, fewest=FEWEST)
    model = ComplementNB(alpha=SMOOTHING)
    model.fit(hstack(parts, format="csr"), [getattr(case, target) for case in cases])
    # A class's weight for a feature is the logarithm of what the other classes have of it, and most have it all:
    # only where a class has a part of it does it differ from what all classes have.
    totals = model.feature_all_ + SMOOTHING
    features, classes = numpy.nonzero(model.feature_count_.T)
    counts = model.feature_count_[classes, features]
    return Advisor(
        target=target,
        cases=len(cases),
        labels=[str(label) for label in model.classes_],
        plain={name: at for at, name in enumerate(found[0])},
        words={piece: at for at, piece in enumerate(found[1], len(found[0]))},
        rarity=words.idf_ if found[1] else numpy.zeros(0),
        each=numpy.log(totals.sum() - model.feature_count_.sum(axis=1)),
        starts=numpy.searchsorted(features, numpy.arange(len(totals) + 1)),
        classes=classes.astype(numpy.uint16),
        gains=(numpy.log(totals[features]) - numpy.log(totals[features] - counts)).astype(numpy.float32),
        leads=numpy.zeros(1),
        right=numpy.zeros(1),
    )


def _measure(
    trial: Advisor, before: Sequence[Case], after: Sequence[Case]
) -> tuple[Any, Any, tuple[float, ...], Trial]:
    """Asks for the cases held back: how sure a lead makes, how often the second and third were right."""
    from sklearn.isotonic import IsotonicRegression

    asked = [trial.ranked(case) for case in after]
    truth = [getattr(case, trial.target) for case in after]
    hits = [
        [trial.labels[order[rank]] == value for (order, _lead, _weights), value in zip(asked, truth, strict=True)]
        for rank in range(min(3, len(trial.labels)))
    ]
    curve = IsotonicRegression(y_min=0.0, y_max=0.99, out_of_bounds="clip")
    curve.fit([lead for _order, lead, _weights in asked], [float(hit) for hit in hits[0]])
    table = majority(before, target=trial.target)
    plain = [table.get(plain_key(case, trial.target), table[()]) for case in after]
    counted = Trial(
        cases=len(after),
        majority=sum(one == value for one, value in zip(plain, truth, strict=True)),
        first=sum(hits[0]),
        among_three=sum(map(sum, hits)),
    )
    later = tuple(sum(hit) / len(after) for hit in hits[1:])
    return curve.X_thresholds_, curve.y_thresholds_, later, counted


@dataclass(frozen=True)
class Measured:
    """How many later cases were answered rightly: by the plain majority, and by the model."""

    cases: int
    baseline: int
    first: int
    among_three: int
    sure: int  # proposals with a confidence of 0.8 or more
    sure_right: int
    confidence: float  # mean of what was promised


def majority(train: Iterable[Case], *, target: str) -> dict[tuple[str, ...], str]:
    """This function will return the most frequent answer for each largest area and category, and under () for all.

    For the target "category" there is no category to go by: the most frequent one of the area.
    """
    counts: dict[tuple[str, ...], Counter[str]] = {(): Counter()}
    for case in train:
        if value := getattr(case, target):
            counts.setdefault(plain_key(case, target), Counter())[value] += 1
            counts[()][value] += 1
    return {key: count.most_common(1)[0][0] for key, count in counts.items() if count}


def plain_key(case: Case, target: str) -> tuple[str, ...]:
    return (*case.areas[:1], case.category) if target != "category" else (*case.areas[:1], "")


def measure(train: Sequence[Case], test: Sequence[Case], *, target: str) -> Measured:
    """This function will train on some cases and count on others what the majority and the model get right.

    Raises ``TooFewCases``, ``NothingToLearnWith``.
    """
    advisor, table = learn(train, target=target), majority(train, target=target)
    asked = [case for case in test if getattr(case, target)]
    if not asked:
        raise TooFewCases(cases=0, fewest=1)
    answers = list(advisor.propose_all(asked, most=3))
    pairs = [([one.value for one in made], getattr(case, target)) for made, case in zip(answers, asked, strict=True)]
    sure = [(made[0].confidence >= 0.8 if made else False) for made in answers]
    right = [values[:1] == [value] for values, value in pairs]
    return Measured(
        cases=len(asked),
        baseline=sum(table.get(plain_key(case, target), table[()]) == getattr(case, target) for case in asked),
        first=sum(right),
        among_three=sum(value in values for values, value in pairs),
        sure=sum(sure),
        sure_right=sum(a and b for a, b in zip(sure, right, strict=True)),
        confidence=sum(made[0].confidence for made in answers if made) / len(answers),
    )


def learn_pairs(decided: Iterable[Decided]) -> Sameness:
    """This function will learn from pairs that people decided on how often they join pairs like one.

    The later half is held back: what is said of a pair is what was counted on the pairs there that score like it, at
    least ten. Pairs whose points are known are learned from once more, with the metres. Raises ``TooFewCases``,
    ``NothingToLearnWith``.
    """
    if not can_learn():
        raise NothingToLearnWith
    known = sorted(decided, key=lambda one: one.at)
    cut = int(len(known) * (1 - PAIRS_HELD_BACK))
    before, after = known[:cut], known[cut:]
    plain = _curve_of([_pointless(one) for one in before], [_pointless(one) for one in after])
    if plain is None:
        raise TooFewCases(cases=len(known), fewest=FEWEST)
    pointed = _curve_of(*([one for one in half if one.pair.metres is not None] for half in (before, after)))
    model = Sameness(len(known), plain, pointed)
    return replace(model, trial=try_pairs(model, after))


def _pointless(one: Decided) -> Decided:
    return one._replace(pair=one.pair._replace(metres=None))


def _curve_of(before: Sequence[Decided], after: Sequence[Decided]) -> Curve | None:
    """Fits the earlier pairs and counts on the later ones; None where there are too few of a kind."""
    from sklearn.linear_model import LogisticRegression

    kinds = [sum(one.same == same for one in half) for half in (before, after) for same in (True, False)]
    if len(before) + len(after) < FEWEST or min(kinds) < FEWEST_OF_A_KIND:
        return None
    fitted = LogisticRegression(max_iter=1000).fit([one.pair.weighed for one in before], [one.same for one in before])
    # Rounded, so that the same pairs give the same model whatever the order of a machine's additions.
    curve = Curve(tuple(round(float(one), 6) for one in (*fitted.coef_[0], fitted.intercept_[0])), ())
    return replace(curve, steps=steps_of((curve.score(one.pair), one.same) for one in after))


class Block(NamedTuple):
    """Pairs that are counted together: the lowest and the highest score, how many of them were joined."""

    low: float
    high: float
    n: int
    of: int


def steps_of(scored: Iterable[tuple[float, bool]]) -> tuple[Step, ...]:
    """This function will count how many were joined from score to score, so that a higher score never says less.

    Neighbours are counted together where the higher has no larger share (isotonic regression), and where fewer
    than ten would be counted on. A step begins half-way between the scores on both sides.
    """
    counts: dict[float, list[int]] = {}
    for score, same in scored:
        counted = counts.setdefault(score, [0, 0])
        counted[0] += same
        counted[1] += 1
    blocks: list[Block] = []
    for score in sorted(counts):
        blocks.append(Block(score, score, *counts[score]))
        while len(blocks) > 1 and _together(blocks[-2], blocks[-1]):
            blocks[-2:] = [_added(blocks[-2], blocks[-1])]
    if len(blocks) > 1 and blocks[-1].of < FEWEST_LIKE:
        blocks[-2:] = [_added(blocks[-2], blocks[-1])]
    begins = [(below.high + block.low) / 2 for below, block in pairwise(blocks)]
    first = [block.low for block in blocks[:1]]
    return tuple(Step(at, block.n, block.of) for at, block in zip([*first, *begins], blocks, strict=True))


def _together(lower: Block, higher: Block) -> bool:
    return lower.of < FEWEST_LIKE or lower.n * higher.of >= higher.n * lower.of


def _added(lower: Block, higher: Block) -> Block:
    return Block(lower.low, higher.high, lower.n + higher.n, lower.of + higher.of)


def try_pairs(model: Sameness, decided: Iterable[Decided]) -> Tried:
    """This function will count on decided pairs what the model and likeness of words alone say."""
    told = [(one.same, is_proposed(model.share(one.pair)), one.pair.likeness >= LEAST_ALIKE) for one in decided]
    return Tried(
        pairs=len(told),
        joined=sum(same for same, _proposed, _likely in told),
        proposed=sum(proposed for _same, proposed, _likely in told),
        found=sum(same and proposed for same, proposed, _likely in told),
        likely=sum(likely for _same, _proposed, likely in told),
        likely_found=sum(same and likely for same, _proposed, likely in told),
    )


def said_of(model: Sameness, pairs: Iterable[Pair]) -> float:
    """This function will return the mean share that is said of pairs: beside the share that was joined it shows whether
    what is promised is kept.
    """
    shares = [model.share(pair) for pair in pairs]
    return sum(share.part / share.whole for share in shares) / len(shares)
