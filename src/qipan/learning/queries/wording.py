"""Figures and reasons in words, in the reader's language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from ..rules import Signal
from ..terms import Light, Need

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # known to the types only

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
UNCONFIRMED = ngettext_lazy(
    "Last confirmed on %(on)s, %(ago)s day ago.", "Last confirmed on %(on)s, %(ago)s days ago.", "n_ago"
)
CONFIRM = _('A community worker looks at the figures and presses "Still right", or changes them.')

STOCK_LASTS = ngettext_lazy(
    "Stock lasts for %(days)s day; used up first: %(item)s. Confirmed on %(on)s.",
    "Stock lasts for %(days)s days; used up first: %(item)s. Confirmed on %(on)s.",
    "n_days",
)

# What each reason says, and what to do about it; numbers fill the places.
REASONS: "Mapping[tuple[str, str], tuple[_StrPromise, _StrPromise | str]]" = {
    (Need.ROSTER, "nobody"): (
        _("Nobody holds a post in this community."),
        _("The administrator gives somebody a post here."),
    ),
    (Need.ROSTER, "empty"): (
        _("Shifts in the next 24 hours that have nobody: %(empty)s of %(shifts)s."),
        _("Fill the shifts on the desk."),
    ),
    (Need.ROSTER, "filled"): (
        ngettext_lazy(
            "%(posts)s person holds a post here; no shift ahead is empty.",
            "%(posts)s people hold a post here; no shift ahead is empty.",
            "n_posts",
        ),
        "",
    ),
    (Need.BACKUP, "nobody"): (
        _("Nobody holds a post in this community."),
        _("The administrator gives somebody a post here."),
    ),
    (Need.BACKUP, "one"): (
        _("Only one person can be called: when that person is away, nobody answers."),
        _("Name a second person and give a post."),
    ),
    (Need.BACKUP, "second"): (
        ngettext_lazy("%(posts)s person can be called.", "%(posts)s people can be called.", "n_posts"),
        "",
    ),
    (Need.DRILL, "never"): (_("No drill was held here."), _("Hold a drill and release it: it is scored by itself.")),
    (Need.DRILL, "old"): (
        ngettext_lazy("The last drill was %(days)s day ago.", "The last drill was %(days)s days ago.", "n_days"),
        _("Hold a drill and release it: it is scored by itself."),
    ),
    (Need.DRILL, "unjudged"): (
        ngettext_lazy(
            "The drill of %(days)s day ago was measured against no target.",
            "The drill of %(days)s days ago was measured against no target.",
            "n_days",
        ),
        _("Write targets into the playbook and drill again."),
    ),
    (Need.DRILL, "missed"): (
        ngettext_lazy(
            "Targets met in the drill of %(days)s day ago: %(met)s of %(judged)s.",
            "Targets met in the drill of %(days)s days ago: %(met)s of %(judged)s.",
            "n_days",
        ),
        _("Mend what was missed and drill again: the result raises the level."),
    ),
    (Need.DRILL, "passed"): (
        ngettext_lazy(
            "The drill of %(days)s day ago met all its targets (%(judged)s).",
            "The drill of %(days)s days ago met all its targets (%(judged)s).",
            "n_days",
        ),
        "",
    ),
    (Need.STOCK, "unknown"): (_("Not known: the community has not entered what it stores."), ENTER),
    (Need.STOCK, "lasts"): (STOCK_LASTS, ""),
    (Need.STOCK, "short"): (
        STOCK_LASTS,
        _("Fill up what is used up first, and enter the new amount."),
    ),
    (Need.STOCK, "unconfirmed"): (UNCONFIRMED, CONFIRM),
    (Need.HELPERS, "unknown"): (_("Not known: the community has not entered how many households need help."), ENTER),
    (Need.HELPERS, "none"): (_("No household needs help by what the community knows. Confirmed on %(on)s."), ""),
    (Need.HELPERS, "all"): (
        ngettext_lazy(
            "%(households)s household cannot help itself; it has a helper. Confirmed on %(on)s.",
            "%(households)s households cannot help themselves; all have a helper. Confirmed on %(on)s.",
            "n_households",
        ),
        "",
    ),
    (Need.HELPERS, "some"): (
        _(
            "Households that cannot help themselves and have no helper: %(without)s of %(households)s. "
            "Confirmed on %(on)s."
        ),
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
        counts: dict[str, object] = {f"n_{name}": value for name, value in signal.numbers.items()}  # choose the plural
        found.append(
            SignalLine(
                str(Need(signal.need).label),
                None if signal.light is None else Light(signal.light),
                str(reason % (counts | {name: _said(value) for name, value in signal.numbers.items()})),
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
