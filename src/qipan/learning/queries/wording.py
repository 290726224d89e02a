"""Figures and reasons in words, in the reader's language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..rules import Signal
from ..terms import Light, Need

FIGURES: Mapping[str, Promise] = {
    "opened": _("items that were opened"),
    "left": _("items still open"),
    "handed_over": _("items handed over to an owner"),
    "measures": _("measures ordered"),
    "in_force": _("measures still in force"),
    "overdue": _("measures whose review date has passed"),
    "asked": _("receipts asked"),
    "read": _("of them read"),
    "objected": _("objections: not mine, or not so"),
    "conflicts": _("conflicts between commands"),
    "unmanned": _("units asked in which nobody holds a post"),
    "out_of_order": _("steps that opened before an earlier one"),
    "blocked": _("steps that could not be opened"),
    "first_minutes": _("minutes from the declaration to the first activation"),
    "last_minutes": _("minutes from the decision to the last node"),
    "doors": _("doors of the last round"),
    "reached": _("of them reached"),
}


def figure_lines(figures: Mapping[str, float | int | None]) -> list[tuple[str, float | int | None]]:
    """This function will return figures with their names in words; a figure that nobody measured stays None."""
    return [(str(FIGURES[name]), value) for name, value in figures.items() if name in FIGURES]


ENTER = _('A community worker enters it on the page "Stock and helpers".')
UNCONFIRMED = _("Last confirmed on %(on)s, %(ago)s days ago.")
CONFIRM = _('A community worker looks at the figures and presses "Still right", or changes them.')

# What each reason says, and what to do about it; numbers fill the places.
REASONS: Mapping[tuple[str, str], tuple[Promise, Promise | str]] = {
    (Need.ROSTER, "nobody"): (
        _("Nobody holds a post in this community."),
        _("The administrator gives somebody a post here."),
    ),
    (Need.ROSTER, "empty"): (
        _("%(empty)s of %(shifts)s shifts in the next 24 hours have nobody."),
        _("Fill the shifts on the desk."),
    ),
    (Need.ROSTER, "filled"): (_("%(posts)s people hold a post here; no shift ahead is empty."), ""),
    (Need.BACKUP, "nobody"): (
        _("Nobody holds a post in this community."),
        _("The administrator gives somebody a post here."),
    ),
    (Need.BACKUP, "one"): (
        _("Only one person can be called: when that person is away, nobody answers."),
        _("Name a second person and give a post."),
    ),
    (Need.BACKUP, "second"): (_("%(posts)s people can be called."), ""),
    (Need.DRILL, "never"): (_("No drill was held here."), _("Hold a drill and release it: it is scored by itself.")),
    (Need.DRILL, "old"): (
        _("The last drill was %(days)s days ago."),
        _("Hold a drill and release it: it is scored by itself."),
    ),
    (Need.DRILL, "unjudged"): (
        _("The drill of %(days)s days ago was measured against no target."),
        _("Write targets into the playbook and drill again."),
    ),
    (Need.DRILL, "missed"): (
        _("The drill of %(days)s days ago met %(met)s of %(judged)s targets."),
        _("Mend what was missed and drill again: the result raises the level."),
    ),
    (Need.DRILL, "passed"): (_("The drill of %(days)s days ago met all of %(judged)s targets."), ""),
    (Need.STOCK, "unknown"): (_("Not known: the community has not entered what it stores."), ENTER),
    (Need.STOCK, "lasts"): (
        _("Stock lasts for %(days)s days; used up first: %(item)s. Confirmed on %(on)s."),
        "",
    ),
    (Need.STOCK, "short"): (
        _("Stock lasts for %(days)s days; used up first: %(item)s. Confirmed on %(on)s."),
        _("Fill up what is used up first, and enter the new amount."),
    ),
    (Need.STOCK, "unconfirmed"): (UNCONFIRMED, CONFIRM),
    (Need.HELPERS, "unknown"): (_("Not known: the community has not entered how many households need help."), ENTER),
    (Need.HELPERS, "none"): (_("No household needs help by what the community knows. Confirmed on %(on)s."), ""),
    (Need.HELPERS, "all"): (
        _("%(households)s households cannot help themselves; all have a helper. Confirmed on %(on)s."),
        "",
    ),
    (Need.HELPERS, "some"): (
        _("%(without)s of %(households)s households that cannot help themselves have no helper. Confirmed on %(on)s."),
        _("Arrange a helper for each of them; here only the counts are kept."),
    ),
    (Need.HELPERS, "unconfirmed"): (UNCONFIRMED, CONFIRM),
}


@dataclass(frozen=True)
class SignalLine:
    """One line of readiness as a page says it."""

    need: str
    light: Light | None
    reason: str
    remedy: str
    drill: int | None  # the drill that is the evidence
    kept: bool  # the community itself says it, on a page of its own


def signal_lines(signals: Iterable[Signal]) -> list[SignalLine]:
    """This function will put the lines of a community into words."""
    found = []
    for signal in signals:
        reason, remedy = REASONS[signal.need, signal.reason]
        drill = signal.numbers.get("activation")
        found.append(
            SignalLine(
                str(Need(signal.need).label),
                None if signal.light is None else Light(signal.light),
                str(reason) % {name: _said(value) for name, value in signal.numbers.items()},
                str(remedy),
                drill if isinstance(drill, int) else None,
                signal.need in (Need.STOCK, Need.HELPERS),
            )
        )
    return found


def _said(value: int | str | date) -> str:
    """A number, a word or a day as a sentence says it."""
    if isinstance(value, date):
        return date_format(value)
    return number_format(value, force_grouping=True) if isinstance(value, int) else value
