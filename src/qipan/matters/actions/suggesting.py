"""Suggestions: learned each night from closed matters, switched with a reason, counted when a person has decided."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import Refusal

from ..ingest import count_suggestion
from ..models import Learned, Matter, SuggestionSwitch
from ..queries.learned import is_on
from ..queries.suggesting import closed_cases, shown_in, told_reports
from ..rules.learning import NothingToLearnWith, TooFewCases, can_learn, learn, learn_pairs
from ..rules.loop import said
from ..rules.sameness import Sameness, decided
from ..rules.suggestions import Advisor, Case, Trial
from ..terms import Suggested, Word

RIGHT = "matter.catalogue"  # who keeps the words by which matters are sorted keeps what proposes them
Result = TypeVar("Result")


class SuggestionsAreOff(Refusal):
    code = "suggestions_are_off"
    sentence = _("Suggestions are switched off; nothing is learned.")


class SwitchedAlready(Refusal):
    code = "switched_already"
    sentence = _("The switch stands like this already.")


@dataclass(frozen=True)
class Made:
    """What came of one training: what was learned, if anything, and when what it was learned from was reported."""

    kind: Suggested
    model: Advisor | Sameness | None
    times: Sequence[datetime]
    kept_out: int = 0

    @property
    def counted(self) -> dict[str, int]:
        """What was right on what had been held back, as it is kept."""
        if isinstance(self.model, Sameness):
            trial = self.model.trial
            own = {name: n for name, n in vars(trial).items() if name != "pairs"}
            return {
                "asked": trial.pairs,
                "majority": trial.right_by_words,
                "first": trial.right,
                "among_three": 0,
                **own,
            }
        tried = self.model.trial if self.model is not None else Trial()
        return {
            "asked": tried.cases,
            "majority": tried.majority,
            "first": tried.first,
            "among_three": tried.among_three,
        }


def train_suggestions(*, by: Actor, at: datetime) -> list[Learned]:
    """This function will learn category and unit from the city's own closed matters, and what is the same from the pairs
    that people joined or left apart, and keep that with how good it is.

    Learning takes up to a minute and holds up nobody: only what came of it is written in a transaction. Where
    too few are left, what was learned from earlier ones is dropped. Needs ``matter.catalogue``. Raises
    ``NotAllowed``, ``SuggestionsAreOff``, ``NothingToLearnWith``.
    """
    by.require(RIGHT)
    if not is_on():
        raise SuggestionsAreOff
    if not can_learn():
        raise NothingToLearnWith
    cases, kept_out = closed_cases()
    made = [_learn(cases, kind, kept_out) for kind in (Suggested.CATEGORY, Suggested.UNIT)]
    return _keep([*made, _learn_pairs()], by=by, at=at)


def _learn(cases: Sequence[Case], kind: Suggested, kept_out: int) -> Made:
    target = kind.value.lower()
    known = [case for case in cases if getattr(case, target)]
    times = [case.at for case in known]
    try:
        return Made(kind, learn(known, target=target), times, kept_out)
    except TooFewCases:
        return Made(kind, None, times, kept_out)


def _learn_pairs() -> Made:
    known = list(decided(told_reports()))
    times = [pair.at for pair in known]
    try:
        return Made(Suggested.DUPLICATE, learn_pairs(known), times)
    except TooFewCases:
        return Made(Suggested.DUPLICATE, None, times)


@transaction.atomic
def _keep(made: Sequence[Made], *, by: Actor, at: datetime) -> list[Learned]:
    kept = []
    for one in made:
        weights = one.model.pack() if one.model is not None else b""
        Learned.objects.filter(target=one.kind).exclude(digest="").update(weights=b"")
        row = Learned.objects.create(
            target=one.kind,
            weights=weights,
            digest=sha256(weights).hexdigest() if weights else "",
            cases=len(one.times),
            since=min(one.times, default=None),
            until=max(one.times, default=None),
            kept_out=one.kept_out,
            at=at,
            **one.counted,
        )
        data = {
            "target": str(one.kind),
            "cases": row.cases,
            "asked": row.asked,
            "first": row.first,
            "majority": row.majority,
            "digest": row.digest,
        }
        record("matters.train_suggestions", subject=row, by=by, at=at, data=data)
        kept.append(row)
    return kept


@transaction.atomic
def switch_suggestions(on: bool, *, reason: str, by: Actor, at: datetime) -> SuggestionSwitch:
    """This function will put suggestions on or off for the whole city, with a reason that stands in the journal.

    Off, nothing is computed, shown or learned. Needs ``matter.catalogue``. Raises ``NotAllowed``,
    ``ReasonNeeded``, ``SwitchedAlready``.
    """
    by.require(RIGHT)
    reason = said(reason)[:500]
    last = SuggestionSwitch.objects.select_for_update().order_by("-pk").first()
    if (last is None or last.on) == on:
        raise SwitchedAlready
    row = SuggestionSwitch.objects.create(on=on, reason=reason, at=at)
    record("matters.switch_suggestions", subject=row, by=by, at=at, data={"on": on, "reason": reason})
    return row


@transaction.atomic
def decide_beside(
    decide: Callable[[], Result], matter: Matter, *, shown: str, chosen: Mapping[Suggested, str], at: datetime
) -> Result:
    """This function will do what a person decided, and count whether it was what had been proposed: both or neither.

    ``shown`` is what the page had proposed, signed; ``chosen`` what was decided on. Nobody is counted, drills are
    not. It decides nothing and refuses nothing; what ``decide`` raises stands.
    """
    result = decide()
    proposed = {} if matter.drill or not shown else shown_in(shown, matter)
    for kind in sorted(chosen):  # last and in one order, so that nobody waits long for these few rows
        if kind in proposed:
            count_suggestion(kind, Word.TAKEN if proposed[kind] == chosen[kind] else Word.OTHERWISE, at)
    return result
