"""Volunteers who are invited to stay with their group once an emergency is over: by their own link, of their own will."""

from datetime import UTC, datetime

from qipan.kernel.opened import emergencies_on
from qipan.kernel.place import Range

from ..models import Pass
from .actors import read_claim

VOLUNTEERS = "volunteer-group"  # duties, organ_types.csv
ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # whether the link is ours is asked, not whether it still opens something


def volunteer_of(token: str, *, at: datetime) -> Pass | None:
    """This function will return the pass of a volunteer who may say whether to stay: its time is over, no emergency holds on
    its ground any more, and what it calls the holder was not destroyed yet. None for everybody else.

    Raises ``NotAPass``.
    """
    serial = read_claim(token, at=ANY_TIME).serial
    rows = Pass.objects.everywhere("the holder's own").filter(
        serial=serial, unit__organ_type__code=VOLUNTEERS, unit__valid_to=None
    )
    held = rows.exclude(label="").select_related("unit").first()
    if held is None or (held.revoked_at is None and held.expires_at > at):
        return None
    return held if not emergencies_on([Range(held.first, held.last)], at=at) else None
