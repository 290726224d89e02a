"""The rounds of a directive that asks again, with what each brought back."""

from collections.abc import Sequence
from dataclasses import dataclass

from qipan.desk.api import ReceiptRow, receipts_of
from qipan.kernel.actor import Scope

from ..models import Directive


@dataclass(frozen=True)
class RoundRow:
    """One round and its receipts on the reader's ground."""

    directive: Directive
    receipts: ReceiptRow

    @property
    def missing(self) -> int:
        """How many were asked and have neither answered nor objected."""
        return self.receipts.asked - self.receipts.done - self.receipts.objected


@dataclass(frozen=True)
class Series:
    """A directive that asks again: the one that a person issued, its rounds, and the numbers that were never asked."""

    head: Directive
    rounds: Sequence[RoundRow]
    left_out: Sequence[int]


def series_of(directive: Directive, *, scope: Scope) -> Series | None:
    """This function will return the series that a directive belongs to, the newest round first; None where it asks once."""
    if not directive.every:
        return None
    head = directive.series or directive
    rounds = [*head.rounds.order_by("-round"), head]
    counted = receipts_of([one.source for one in rounds], scope=scope)
    asked = {one.round for one in rounds}
    return Series(
        head,
        [RoundRow(one, counted.get(one.source, ReceiptRow(one.source))) for one in rounds],
        [n for n in range(1, max(asked)) if n not in asked],
    )
