"""The sampled review after the close, and the 90 days in which a solved matter is watched. Pure; time passed in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import Refusal

from ..terms import Closing, Confirmation
from .limits import keyed_hash
from .loop import REOPEN_WITHIN, HandlerVerifies, Loop, S

SHARE, AFTER_DAYS = 5, 10  # percent, and days after the close: while a city has set nothing else
MOST_SHARE = 100
MOST_DAYS = 20  # so that a look within five working days can still reopen the matter
LOOK = "5wd"
WATCH = timedelta(days=90)
LOTS = 16**12


class SamplingWrong(Refusal):
    code = "sampling_wrong"
    sentence = _(
        "A share from 0 to 100 percent, looked at 1 to %(days)s days after the close, from today or a later day."
    )
    status = 400


class NoRecheck(Refusal):
    code = "no_recheck"
    sentence = _("This matter is not waiting to be looked at again.")


class LookedBefore(HandlerVerifies):
    """Who handled or verified it has had his look."""

    code = "looked_before"
    sentence = _("Who handled or verified it does not look again: another unit and another person must.")


@dataclass(frozen=True)
class Sample:
    """How many of the closed matters are looked at again, in percent, and how many days after the close."""

    share: int = SHARE
    after_days: int = AFTER_DAYS

    @property
    def after(self) -> timedelta:
        """How long after the close somebody looks."""
        return timedelta(days=self.after_days)


def checked(share: int, after_days: int) -> Sample:
    """This function will return a setting within its bounds; raises ``SamplingWrong``."""
    if not 0 <= share <= MOST_SHARE:
        raise SamplingWrong(field="share", days=MOST_DAYS)
    if not 1 <= after_days <= MOST_DAYS:
        raise SamplingWrong(field="after_days", days=MOST_DAYS)
    return Sample(share, after_days)


def lot_of(matter: int, ended_at: datetime, *, key: str) -> float:
    """This function will return the lot of one close, from 0 to below 1: always the same, known to nobody without the key.

    So a close is drawn once however often it is asked, and no unit can tell before which of its matters are looked at.
    """
    return (
        int(keyed_hash(f"{matter}:{ended_at.astimezone(UTC).isoformat()}", key=key, purpose="sample")[:12], 16) / LOTS
    )


def is_drawn(sample: Sample, lot: float) -> bool:
    """This function will say whether a lot is among the share that is looked at again."""
    return lot * MOST_SHARE < sample.share


def counts(*, closing: str, confirmation: str) -> bool:
    """This function will say whether a close claims that something is solved, which is what is looked at and watched."""
    return closing == Closing.SOLVED and confirmation != Confirmation.DISPUTED


def look_until(ended_at: datetime) -> datetime:
    """This function will return until when a look can still reopen a matter."""
    return ended_at + REOPEN_WITHIN


def watched_until(ended_at: datetime) -> datetime:
    """This function will return until when the same thing at the same place counts against who closed it."""
    return ended_at + WATCH


def look_again(loop: Loop, *, unit: int | None, account: int | None, verifier: tuple[int | None, int | None]) -> None:
    """This function will pass for who may look again: a third unit and a third person, beside handler and verifier.

    Raises ``NoRecheck`` when the matter is closed no longer, ``LookedBefore``.
    """
    if loop.state != S.CLOSED:
        raise NoRecheck
    unit_before, account_before = verifier
    people = loop.workers | ({account_before} if account_before is not None else frozenset())
    if unit is None or unit in loop.handlers or unit == unit_before or (account is not None and account in people):
        raise LookedBefore
