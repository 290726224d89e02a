"""Two matters about one thing: one is joined to the other, and at any time made a matter of its own again.

``merged_into`` is the link that a person made and can undo; ``root`` says where the chain of links ends, and is
kept here alone. Only what is not joined itself and has not ended is joined to, so no ring can come about.
"""

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _now

from qipan.kernel.act import act
from qipan.kernel.actor import Actor
from qipan.kernel.rows import store_row
from qipan.kernel.text import in_city_language

from ..models import Matter
from ..queries.joining import following, wished_private
from ..queries.offices import office_for
from ..rules import loop
from ..rules.joining import DrillApart, ends_of
from ..terms import StepKind
from .hazards import part_hazards, take_hazards_along
from .intake import SameMatter, ask_office, keep_off, tell
from .steps import end_waiting, lock_chain, locked, note_step, settle
from .unsaying import take_back_filing, take_back_words


@act
@in_city_language
def merge_matter(matter: Matter, *, into: Matter, by: Actor, at: datetime) -> Matter:
    """This function will join a matter to another; everyone who reported it follows that one and is told so.

    It is off the public list only if all who follow it wished so. Also who follows it already. Its street calls, what was agreed at them, and its hazards go on there: they hold up
    that one until they are done, and come back with it. Needs ``matter.dispatch``. Raises ``NotAllowed``, ``NotFound``,
    ``NotNow``, ``SameMatter``, ``DrillApart``, ``VerifiedWithoutIt`` (a hazard).
    """
    if matter.pk == into.pk:
        raise SameMatter
    lock_chain(matter.pk, into.pk)
    held, now = locked(matter, by=by, act="matter.dispatch")
    target, target_now = locked(into, by=by, act="matter.dispatch")
    if target_now.state in loop.ENDED:
        raise SameMatter
    if held.drill != target.drill:
        raise DrillApart
    after = loop.merge(now, at=at)
    take_hazards_along(held, target, by=by, at=at)
    tell(held, by=by, at=at, what="merged")
    _every().filter(root=held).update(root=target)
    target.private &= held.private  # each is so only if all that follow it are
    held.merged_into = held.root = target
    note = _now("Joined to %(number)s") % {"number": target.number}
    end_waiting(held, note=note, by=by, at=at)
    settle(held, after, StepKind.MERGED, note=target.number, by=by, at=at)
    store_row(target)
    note_step(target, StepKind.JOINED, note=held.number, by=by, at=at)
    return held


@act
def unmerge_matter(matter: Matter, *, by: Actor, at: datetime) -> Matter:
    """This function will undo a joining: the matter waits to be filed again, and everyone who reported it is told.

    Whatever was joined to it goes with it. Needs ``matter.dispatch``. Raises ``NotAllowed``, ``NotFound``, ``NotNow``.
    """
    lock_chain(matter.pk)
    held, now = locked(matter, by=by, act="matter.dispatch")
    after = loop.unmerge(now)
    other = held.root
    assert other is not None, "what is joined follows another, as the database sees to"
    chain = _every().filter(root=other).exclude(pk=held.pk).values_list("pk", "merged_into")
    links = {key: link for key, link in chain if link is not None}
    theirs = [key for key, end in ends_of(links).items() if end == held.pk]
    _every().filter(pk__in=theirs).update(root=held)
    held.merged_into = held.root = None
    held.private = wished_private(held.pk)
    take_back_filing(held, by=by, at=at)
    settle(held, after, StepKind.UNMERGED, by=by, at=at)
    keep_off(other)
    # What they said was of the other.
    take_back_words(other, following(held.pk), unit=other.handler_id, by=by, at=at)
    ask_office(held, office_for(held.place), by=by, at=at)
    part_hazards(held, by=by, at=at)
    tell(held, by=by, at=at, what="unmerged")
    return held


def _every() -> QuerySet[Matter]:
    rows: QuerySet[Matter] = Matter.objects.everywhere("a chain may lead over any ground; its ends are gated")
    return rows
