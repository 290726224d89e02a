"""Suggestions: learned each night from closed matters, switched with a reason, counted when a person has decided."""

from collections.abc import Callable, Mapping, Sequence
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
from ..queries.suggesting import LEARNED, closed_cases, is_on, shown_in
from ..rules.learning import NothingToLearnWith, TooFewCases, can_learn, learn
from ..rules.loop import said
from ..rules.suggestions import Advisor, Case
from ..terms import Suggested, Word

RIGHT = "matter.catalogue"  # who keeps the words by which matters are sorted keeps what proposes them
Result = TypeVar("Result")


class SuggestionsAreOff(Refusal):
    code = "suggestions_are_off"
    sentence = _("Suggestions are switched off; nothing is learned.")


class SwitchedAlready(Refusal):
    code = "switched_already"
    sentence = _("The switch stands like this already.")


def train_suggestions(*, by: Actor, at: datetime) -> list[Learned]:
    """This function will learn category and unit from the city's own closed matters, and keep that with how good it is.

    Learning takes up to a minute and holds up nobody: only what came of it is written in a transaction. Where
    too few matters are left, what was learned from earlier ones is dropped. Needs ``matter.catalogue``. Raises
    ``NotAllowed``, ``SuggestionsAreOff``, ``NothingToLearnWith``.
    """
    by.require(RIGHT)
    if not is_on():
        raise SuggestionsAreOff
    if not can_learn():
        raise NothingToLearnWith
    cases, kept_out = closed_cases()
    made = [(kind, *_learn(cases, kind)) for kind in LEARNED]
    return _keep(made, kept_out=kept_out, by=by, at=at)


def _learn(cases: Sequence[Case], kind: Suggested) -> tuple[Advisor | None, list[Case]]:
    target = kind.value.lower()
    known = [case for case in cases if getattr(case, target)]
    try:
        return learn(known, target=target), known
    except TooFewCases:
        return None, known


@transaction.atomic
def _keep(
    made: Sequence[tuple[Suggested, Advisor | None, list[Case]]], *, kept_out: int, by: Actor, at: datetime
) -> list[Learned]:
    kept = []
    for kind, advisor, known in made:
        weights = advisor.pack() if advisor is not None else b""
        trial = advisor.trial if advisor is not None else None
        Learned.objects.filter(target=kind).exclude(digest="").update(weights=b"")
        row = Learned.objects.create(
            target=kind,
            weights=weights,
            digest=sha256(weights).hexdigest() if weights else "",
            cases=len(known),
            since=min((case.at for case in known), default=None),
            until=max((case.at for case in known), default=None),
            kept_out=kept_out,
            asked=trial.cases if trial else 0,
            majority=trial.majority if trial else 0,
            first=trial.first if trial else 0,
            among_three=trial.among_three if trial else 0,
            at=at,
        )
        data = {
            "target": str(kind),
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
