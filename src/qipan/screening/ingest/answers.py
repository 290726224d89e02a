"""What each item of a batch is answered, and the whole of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import Refusal

from .decode import Batch, Code


class StoreUnavailable(Refusal):
    """The database is full, locked or lost; nothing was stored and the device may send again."""

    code = "try_again"
    sentence = _("The visits could not be stored just now and nothing was lost: keep them and send them again.")
    status = 503


SENTENCES: dict[int, Promise] = {
    Code.CONFLICT: _("A different visit with this id is already stored; this one is kept for a person to decide."),
    Code.LATE: _(
        "The round had closed before this arrived: it is kept with the door and shown to those who run the round,"
        " and not counted in its figures."
    ),
    Code.UNKNOWN_ROUND: _("There is no such round."),
    Code.ROUND_CLOSED: _("The round is closed, and what was collected in it is destroyed."),
    Code.UNKNOWN_DOOR: _("This door is not on the register."),
    Code.OUTSIDE_ROUND: _("This door lies outside the ground of the round."),
    Code.OTHER_TEAM: _("This door is not among those that you are to visit in this round."),
    Code.IN_FUTURE: _("The visit lies in the future, even after the device clock's error is taken out."),
    Code.UNKNOWN_OUTCOME: _("There is no such outcome."),
    Code.BAD_ITEM: _(
        "The item cannot be read: it needs id, round, place (19 digits), outcome and at (with time zone)."
    ),
}


class Answer(msgspec.Struct, omit_defaults=True, gc=False):
    """What one item is told; ``id`` is null when the item has none that can be read."""

    id: str | None
    answer: str  # stored, duplicate, conflict, late, refused
    code: str = ""
    sentence: Any = ""  # translated when it is written, in the reader's language


@dataclass(frozen=True)
class BatchAnswer:
    """The answers in the order of the items, and how many there are of each kind."""

    received_at: datetime
    answers: list[Answer]
    stored: int
    duplicates: int
    conflicts: int
    late: int
    refused: int

    @property
    def plain(self) -> bool:
        """Whether no item needs a sentence."""
        return not (self.refused or self.conflicts or self.late)

    def as_json(self) -> bytes:
        """This method will return the answer as the client reads it."""
        return _encoder.encode(self)


_encoder = msgspec.json.Encoder(enc_hook=str)
_NAMES = {code.value: code.name.lower() for code in Code}
_KINDS: dict[int, str] = {
    Code.STORED: "stored",
    Code.DUPLICATE: "duplicate",
    Code.CONFLICT: "conflict",
    Code.LATE: "late",
}


def answer(batch: Batch, codes: list[int]) -> BatchAnswer:
    """This function will put the codes of the stored items and of those refused at reading into their order."""
    answers: list[Any] = [None] * batch.size
    counts = dict.fromkeys(("stored", "duplicate", "conflict", "late", "refused"), 0)
    for position, text, code in [*zip(batch.positions, batch.ids, codes, strict=True), *batch.bad]:
        kind = _KINDS.get(code, "refused")
        counts[kind] += 1
        if code <= Code.DUPLICATE:
            answers[position] = Answer(text, kind)
        else:
            answers[position] = Answer(text, kind, _NAMES[code], SENTENCES[code])
    return BatchAnswer(
        received_at=batch.received_at,
        answers=answers,
        stored=counts["stored"],
        duplicates=counts["duplicate"],
        conflicts=counts["conflict"],
        late=counts["late"],
        refused=counts["refused"],
    )


__all__ = ["Answer", "BatchAnswer", "StoreUnavailable", "answer"]
