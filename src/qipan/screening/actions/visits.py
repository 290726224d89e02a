"""Storing visits: the act behind ``POST /api/visits``."""

from datetime import datetime

from qipan.kernel.actor import Actor

from ..ingest import BatchAnswer, answer, decode, store


def store_visits(raw: bytes, *, by: Actor, at: datetime) -> BatchAnswer:
    """This function will store an upload of up to 500 visits (or one) received ``at`` and answer each item.

    What it answers as stored is durable, counted once, and recorded in the journal with a digest.
    A resend of the same content is a duplicate, other content under a known id a conflict that a
    person decides; what its round does not count any more is kept as late; a bad item is refused alone. Who has a team stores
    visits of its doors; who has none of any door in his scope, or of a team there that the upload names (``teams_of``).

    Raises ``NotAllowed``, ``BodyTooLarge``, ``BodyUnreadable``, ``StoreUnavailable``; then nothing
    was stored.
    """
    by.require("visit.submit")
    batch = decode(raw, by=by, at=at)
    return answer(batch, store(batch))
