"""Proposes unit, category and duplicate of a matter from a city's own closed ones, with reasons and confidence.

It advises and decides nothing: a proposal is a plain value that a dispatcher takes or not (FOR-7). What it
learns from is the matter, never a person. The model is scikit-learn's complement naive Bayes: of what was tried
on real cases (also logistic regression and a forest) it was the best and learns thousands of cases in a blink.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import Refusal

from .limits import ALIKE_WITHIN, likeness

FEWEST = 50  # cases below which nothing is proposed
HELD_BACK = 0.2  # of the cases, the latest: the confidence is what was right there
SMOOTHING = 0.3
MOST_WORDS = 200_000  # pieces of one to three characters that are kept
EPOCH = datetime.min.replace(tzinfo=UTC)


class TooFewCases(Refusal):
    code = "too_few_cases"
    sentence = _(
        "Nothing can be learned from %(cases)s cases; at least %(fewest)s with two different answers are needed."
    )


class NothingToLearnWith(Refusal):
    """The library is an extra, so that a city without suggestions does not carry it."""

    code = "nothing_to_learn_with"
    sentence = _("Suggestions need the extra “suggestions” to be installed: pip install qipan[suggestions].")
    status = 503


@dataclass(frozen=True)
class Case:
    """What is known of a matter. ``areas`` go from the larger to the smaller, ``groups`` likewise."""

    areas: tuple[str, ...] = ()
    category: str = ""
    groups: tuple[str, ...] = ()
    channel: str = ""
    text: str = ""
    unit: str = ""
    at: datetime = EPOCH
    place: int = 0
    key: str = ""


@dataclass(frozen=True)
class Reason:
    """Why: of ``of`` earlier cases with these features, ``n`` had this answer; or the words that spoke for it."""

    features: tuple[str, ...]
    n: int = 0
    of: int = 0


@dataclass(frozen=True)
class Suggestion:
    """An answer with the share of like proposals that were right on cases held back, and the reasons."""

    value: str
    confidence: float
    reasons: tuple[Reason, ...] = ()


def features_of(case: Case, *, target: str) -> Iterator[str]:
    """This function will name the features of a case: each by itself, and areas and channel with what it is about."""
    about = [("group", group) for group in case.groups]
    if target != "category" and case.category:
        about.append(("category", case.category))
    around = [(f"area{n}", area) for n, area in enumerate(case.areas) if area]
    if case.channel:
        around.append(("channel", case.channel))
    for kind, value in (*around, *about):
        yield f"{kind}={value}"
    for kind, value in around:
        for of, what in about:
            yield f"{kind}={value}|{of}={what}"
    if case.channel:
        for kind, value in around[:-1]:
            yield f"{kind}={value}|channel={case.channel}"


def _evidence(case: Case, *, target: str) -> list[tuple[str, ...]]:
    """What a person would look up, the most telling first."""
    what = [case.category] if target != "category" and case.category else []
    what += [group for group in reversed(case.groups) if group]
    areas = [area for area in reversed(case.areas) if area]
    found: list[tuple[str, ...]] = [(area, one) for one in what[:1] for area in areas]
    return [*found, *((one,) for one in what), *((area,) for area in areas)]


@dataclass
class Advisor:
    """A model of one city's closed cases for one target: "unit" or "category"."""

    target: str
    cases: int
    labels: Any
    model: Any
    plain: Any
    words: Any
    right: Any  # from the lead over the second to the share that was right
    later: tuple[float, ...]  # how often the second and the third were right
    seen: dict[tuple[str, ...], Counter[str]] = field(repr=False)

    @classmethod
    def learn(cls, cases: Iterable[Case], *, target: str = "unit") -> "Advisor":
        """This method will learn from closed cases; those without the answer are left out.

        The latest fifth is held back once to measure the confidence. Raises ``TooFewCases``,
        ``NothingToLearnWith``.
        """
        if find_spec("sklearn") is None:
            raise NothingToLearnWith
        known = sorted((case for case in cases if getattr(case, target)), key=lambda case: case.at)
        if len(known) < FEWEST or len({getattr(case, target) for case in known}) < 2:
            raise TooFewCases(cases=len(known), fewest=FEWEST)
        cut = int(len(known) * (1 - HELD_BACK))
        trial = cls._fit(known[:cut], target)
        right, later = trial._measure(known[cut:])
        advisor = cls._fit(known, target)
        advisor.right, advisor.later = right, later
        for case in known:
            for features in _evidence(case, target=target):
                advisor.seen.setdefault(features, Counter())[getattr(case, target)] += 1
        return advisor

    @classmethod
    def _fit(cls, cases: Sequence[Case], target: str) -> "Advisor":
        from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
        from sklearn.naive_bayes import ComplementNB

        plain = words = None
        if any(True for case in cases for _one in features_of(case, target=target)):
            plain = CountVectorizer(analyzer=lambda case: features_of(case, target=target), binary=True)
        if any(case.text for case in cases):
            words = TfidfVectorizer(
                analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True, max_features=MOST_WORDS
            )
        if plain is None and words is None:
            raise TooFewCases(cases=0, fewest=FEWEST)
        model = ComplementNB(alpha=SMOOTHING)
        found = cls(target, len(cases), None, model, plain, words, None, (), {})
        try:
            table = found._table(cases, learn=True)
        except ValueError:  # no piece of text occurs twice
            raise TooFewCases(cases=0, fewest=FEWEST) from None
        model.fit(table, [getattr(case, target) for case in cases])
        found.labels = model.classes_
        return found

    def _table(self, cases: Sequence[Case], *, learn: bool = False) -> Any:
        from scipy.sparse import hstack

        how = "fit_transform" if learn else "transform"
        parts = [getattr(self.plain, how)(cases)] if self.plain is not None else []
        if self.words is not None:
            parts.append(getattr(self.words, how)([case.text for case in cases]))
        return hstack(parts, format="csr")

    def _scores(self, cases: Sequence[Case]) -> tuple[Any, Any, Any]:
        """For each case the classes from the best down, the lead of the best over the second, and the table."""
        import numpy

        table = self._table(cases)
        scores = numpy.asarray(self.model.predict_joint_log_proba(table))
        order = numpy.argsort(-scores, axis=1, kind="stable")
        best = numpy.take_along_axis(scores, order[:, :2], axis=1)
        return order, best[:, 0] - best[:, 1], table

    def _measure(self, cases: Sequence[Case]) -> tuple[Any, tuple[float, ...]]:
        import numpy
        from sklearn.isotonic import IsotonicRegression

        order, leads, _table = self._scores(cases)
        truth = numpy.array([getattr(case, self.target) for case in cases])
        hits = [self.labels[order[:, n]] == truth for n in range(min(3, order.shape[1]))]
        right = IsotonicRegression(y_min=0.0, y_max=0.99, out_of_bounds="clip").fit(leads, hits[0].astype(float))
        return right, tuple(float(hit.mean()) for hit in hits[1:])

    def propose(self, case: Case, *, most: int = 3) -> list[Suggestion]:
        """This method will propose answers for one case, the best first, with reasons and confidence.

        Nothing is proposed for a case of which nothing is known.
        """
        return next(iter(self.propose_all([case], most=most)))

    def propose_all(self, cases: Sequence[Case], *, most: int = 1, reasons: bool = True) -> Iterator[list[Suggestion]]:
        """This method will propose for many cases in one pass."""
        order, leads, table = self._scores(cases)
        sure = self.right.predict(leads)
        for n, case in enumerate(cases):
            if not table[n].nnz:
                yield []
                continue
            yield [
                Suggestion(
                    str(self.labels[order[n, rank]]),
                    round(float(sure[n]), 3) if rank == 0 else round(min(self.later[rank - 1], 1 - float(sure[n])), 3),
                    self._reasons(case, order[n, rank], order[n, 1 - rank if rank < 2 else 0], table[n])
                    if reasons
                    else (),
                )
                for rank in range(min(most, 3, order.shape[1]))
            ]

    def _reasons(self, case: Case, chosen: int, other: int, row: Any) -> tuple[Reason, ...]:
        value, found = str(self.labels[chosen]), []
        for features in _evidence(case, target=self.target):
            counts = self.seen.get(features)
            if counts and counts[value]:
                found.append(Reason(features, counts[value], counts.total()))
        if self.words is not None and case.text:
            names = self.words.get_feature_names_out()
            before = row.shape[1] - len(names)
            weights = self.model.feature_log_prob_[chosen] - self.model.feature_log_prob_[other]
            spoke = sorted(
                (
                    (float(weights[at] * x), names[at - before])
                    for at, x in zip(row.indices, row.data, strict=True)
                    if at >= before
                ),
                reverse=True,
            )
            words = _whole([word.strip() for gain, word in spoke[:12] if gain > 0 and len(word.strip()) > 1])
            if words:
                found.append(Reason(tuple(words[:3])))
        return tuple(found[:3])


def _whole(words: list[str]) -> list[str]:
    """Without those that stand inside another."""
    return [word for word in dict.fromkeys(words) if not any(word != other and word in other for other in words)]


def duplicates_of(case: Case, others: Iterable[Case], *, least: float = 0.5, most: int = 3) -> list[Suggestion]:
    """This function will propose which open matters may be the same: one category, near in place, time and words.

    The confidence is the likeness of the words, less the further apart they are; it was measured on no city's
    duplicates, for no open data names them.
    """
    found = []
    for other in others:
        if other.key == case.key or other.category != case.category or abs(other.at - case.at) > ALIKE_WITHIN:
            continue
        shared = sum(a == b for a, b in zip(f"{case.place:019d}", f"{other.place:019d}", strict=True))
        near = (
            1.0
            if case.place // 10_000 == other.place // 10_000
            else 0.8
            if case.place // 10**7 == other.place // 10**7
            else 0
        )
        alike = likeness(case.text, other.text)
        if near and alike * near >= least:
            found.append(Suggestion(other.key, round(alike * near, 3), (Reason((other.category,), shared, 19),)))
    return sorted(found, key=lambda one: -one.confidence)[:most]


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


def majority(train: Iterable[Case], *, target: str) -> "dict[tuple[str, ...], str]":
    """This function will return the most frequent answer for each largest area and category, and under () for all.

    For the target "category" there is no category to go by: the most frequent one of the area.
    """
    counts: dict[tuple[str, ...], Counter[str]] = {(): Counter()}
    for case in train:
        if value := getattr(case, target):
            counts.setdefault(_plain_key(case, target), Counter())[value] += 1
            counts[()][value] += 1
    return {key: count.most_common(1)[0][0] for key, count in counts.items() if count}


def _plain_key(case: Case, target: str) -> tuple[str, ...]:
    return (*case.areas[:1], case.category) if target != "category" else (*case.areas[:1], "")


def measure(train: Sequence[Case], test: Sequence[Case], *, target: str) -> Measured:
    """This function will train on some cases and count on others what the majority and the model get right.

    Raises ``TooFewCases``, ``NothingToLearnWith``.
    """
    advisor, table = Advisor.learn(train, target=target), majority(train, target=target)
    asked = [case for case in test if getattr(case, target)]
    if not asked:
        raise TooFewCases(cases=0, fewest=1)
    answers = list(advisor.propose_all(asked, most=3, reasons=False))
    pairs = [([one.value for one in made], getattr(case, target)) for made, case in zip(answers, asked, strict=True)]
    sure = [(made[0].confidence >= 0.8 if made else False) for made in answers]
    right = [values[:1] == [value] for values, value in pairs]
    return Measured(
        cases=len(asked),
        baseline=sum(table.get(_plain_key(case, target), table[()]) == getattr(case, target) for case in asked),
        first=sum(right),
        among_three=sum(value in values for values, value in pairs),
        sure=sum(sure),
        sure_right=sum(a and b for a, b in zip(sure, right, strict=True)),
        confidence=sum(made[0].confidence for made in answers if made) / len(answers),
    )
