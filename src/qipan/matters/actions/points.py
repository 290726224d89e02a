"""Where exactly a matter is, put right by an office: with its reason, and checked as when it was reported."""

from datetime import datetime

from qipan.kernel.act import act
from qipan.kernel.actor import Actor

from ..models import Matter
from ..queries.mapping import check_point
from ..rules import loop
from ..rules.joint import cell_at
from ..rules.points import Point
from ..terms import StepKind
from .steps import locked, log, need_office_or_handler, note_step


@act
def correct_point(matter: Matter, *, point: Point | None, reason: str, by: Actor, at: datetime) -> Matter:
    """This function will put the point of an open matter right, or take it away; the place stays as it is.

    Step and journal say that it was done and why, and no point. The same point again changes nothing. Needs
    ``matter.dispatch``, or to be the handler. Raises ``NotAllowed``, ``NotFound``, ``NotNow`` (it has ended),
    ``ReasonNeeded``, ``PointElsewhere``.
    """
    held, now = locked(matter, by=by, act=None)
    need_office_or_handler(now, by=by)
    if now.state in loop.ENDED:
        raise loop.NotNow(state=now.state)
    reason = loop.said(reason)
    if point is not None:
        check_point(point, held.place)
    if point == held.point:
        return held
    detail = "GONE" if point is None else "SET" if held.point is None else "MOVED"
    held.longitude, held.latitude = point or (None, None)
    held.cell = cell_at(held.place, point)
    held.changed_at = at  # whoever keeps a copy elsewhere asks for what has changed
    note_step(held, StepKind.POINT, detail=detail, note=reason, by=by, at=at)
    log(held, StepKind.POINT, was=held.state, detail=detail, by=by, at=at)
    return held
