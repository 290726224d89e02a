"""The independent recount: a random share of what a round calls settled is seen again by other teams (users.md, section 6)."""

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from qipan.deployment.api import Team, standing_teams
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.bulk import write
from qipan.kernel.place import COMMUNITY, DISTRICT, STREET, Range, code_of, place_of
from qipan.kernel.refusal import NotFound, Refusal
from qipan.kernel.sql import fetch

from ..models import Assignment, Recount, RecountDoor, RecountTally, Round
from ..queries.coverage import coverage_total
from ..queries.left import VisitsDestroyed, is_destroyed
from ..queries.recounts import get_recount_door
from ..rules import RECOUNT_SHARE, sample_size, state_of, verdict_of
from ..terms import Came, DoorState, Outcome
from .admitting import put_recount_on_meter

MOST_SHARE = 200


class RoundRuns(Refusal):
    """What is drawn must stand still."""

    code = "round_runs"
    sentence = _("The round still runs; its doors are drawn when it is closed.")


class DrawnAlready(Refusal):
    code = "drawn_already"
    sentence = _("Doors of this round are drawn here already; nobody draws twice until the doors suit.")


class NothingSettled(Refusal):
    code = "nothing_settled"
    sentence = _("The round has settled no door here.")


class ShareOutside(Refusal):
    code = "share_outside"
    sentence = _("The share lies between 1 and %(most)s per thousand.")
    status = 400


class RecountEnds(Refusal):
    code = "recount_ends"
    sentence = _("The recount ends in the future: say when.")
    status = 400


class NoOtherTeam(Refusal):
    """Nobody judges his own work."""

    code = "no_other_team"
    sentence = _(
        "On all the ground of your post stands no team but those that had these doors: form another first, or let the "
        "level above draw."
    )


class RecountOver(Refusal):
    code = "recount_over"
    sentence = _("The recount has ended; its figures stand.")


class SeenAlready(Refusal):
    code = "seen_already"
    sentence = _("Something else was entered for this door already; it stands.")


class FindingUnknown(Refusal):
    code = "finding_unknown"
    sentence = _("Say what was found at the door, and whether somebody had come.")
    status = 400


# The doors that the round settled on the ground, in the order of the draw. The states are those of rules.state_of.
_DRAW = """
SELECT place, highest, visits FROM (
    SELECT v.place, max(v.outcome) AS highest, count(*) AS visits FROM screening_visit v
    WHERE v.round_id = %s AND v.place BETWEEN %s AND %s GROUP BY v.place
    HAVING NOT (max(v.outcome) IN (4, 5) OR (max(v.outcome) = 1 AND count(*) < 3))
) s ORDER BY md5(CAST(%s AS text) || ':' || CAST(place AS text)), place LIMIT %s
"""


@transaction.atomic
def draw_recount(
    round: Round, *, ground: Range, permille: int = RECOUNT_SHARE, closes_at: datetime, by: Actor, at: datetime
) -> Recount:
    """This function will draw a random share of the doors that a closed round settled on a ground and give each to another team,
    from beyond the ground where it has no other.

    What that asks of the communities goes on the burden meter, as the doors of the round did. ``permille`` is the share
    per thousand. Needs ``campaign.open``. Raises ``NotAllowed``, ``NotFound``, ``RoundRuns``,
    ``VisitsDestroyed``, ``DrawnAlready``, ``ShareOutside``, ``RecountEnds``, ``NothingSettled``, ``NoOtherTeam``, ``CostsMoreThanAdmitted``.
    """
    by.require("campaign.open")
    if ground.without(by.scope.ranges):
        raise NotFound
    # Two at once: the second waits here and then finds the doors drawn, or the figures sealed.
    round = Round.objects.select_for_update(of=("self", "campaign")).select_related("campaign").get(pk=round.pk)
    if round.closed_at is None:
        raise RoundRuns
    if is_destroyed(round.pk):
        raise VisitsDestroyed
    if not 1 <= permille <= MOST_SHARE:
        raise ShareOutside(most=MOST_SHARE, field="permille")
    if closes_at <= at:
        raise RecountEnds(field="closes_at")
    if round.recounts.filter(first__lte=ground.last, last__gte=ground.first).exists():
        raise DrawnAlready
    claimed = coverage_total(round.pk, [ground]).settled
    if not claimed:
        raise NothingSettled
    seed = secrets.token_hex(16)
    doors = fetch(_DRAW, [round.pk, ground.first, ground.last, seed, sample_size(claimed, permille)])
    recount = Recount.objects.create(
        round=round,
        first=ground.first,
        last=ground.last,
        permille=permille,
        seed=seed,
        claimed=claimed,
        drawn=len(doors),
        drawn_at=at,
        closes_at=closes_at,
    )
    teams = _others(round, [place for place, *_rest in doors], ground, by=by, at=at)
    write(
        "screening_recountdoor",
        ("recount_id", "place", "claimed", "team_id", "came", "verdict"),
        ((recount.pk, place, int(state_of(top, n)), teams[place], "", "") for place, top, n in sorted(doors)),
    )
    RecountTally.objects.bulk_create(
        RecountTally(recount=recount, place=place_of(code), drawn=n)
        for code, n in sorted(Counter(code_of(place, COMMUNITY) for place, *_rest in doors).items())
    )
    put_recount_on_meter(recount, at=at)
    record(
        "screening.draw_recount",
        subject=recount,
        by=by,
        at=at,
        place=ground.first,
        data={"round": round.pk, "permille": permille, "seed": seed, "claimed": claimed, "drawn": len(doors)},
        drill=round.campaign.drill,
    )
    return recount


def _others(round: Round, places: Iterable[int], ground: Range, *, by: Actor, at: datetime) -> dict[int, int]:
    """Gives each door in turn to the teams that did not visit it and that it was not given to: of its street, else of its
    district, else of the ground. Where the ground has no other, the smallest area above that has one sends them: street,
    district, and at last all that the post reaches."""
    near: defaultdict[tuple[bool, str], list[Team]] = defaultdict(list)
    for team in standing_teams(by.scope.ranges, at=at).filter(drill=round.campaign.drill):
        for inside in {team.place in ground, False}:
            for code in (code_of(team.first, STREET), code_of(team.first, DISTRICT), ""):
                near[inside, code].append(team)
    wanted = sorted(places)
    theirs = _given(round, wanted)  # a visit from a post may name no team
    for first in range(0, len(wanted), 500):
        some = wanted[first : first + 500]
        marks = ", ".join(["%s"] * len(some))
        rows = fetch(
            f"SELECT place, team_id FROM screening_visit WHERE round_id = %s AND place IN ({marks})",  # noqa: S608
            [round.pk, *some],
        )
        for place, team_id in rows:
            theirs[place].add(team_id)
    given: Counter[int] = Counter()
    chosen = {}
    for place in wanted:
        areas = (code_of(place, STREET), code_of(place, DISTRICT), "")
        groups = (near.get((inside, code), []) for inside in (True, False) for code in areas)
        others = next(filter(None, ([t for t in group if t.pk not in theirs[place]] for group in groups)), None)
        if others is None:
            raise NoOtherTeam
        team = min(others, key=lambda one: (given[one.pk], one.first))
        given[team.pk] += 1
        chosen[place] = team.pk
    return chosen


def _given(round: Round, places: list[int]) -> dict[int, set[int]]:
    """To which teams each of the doors, in their order, was given in the round."""
    rows = list(Assignment.objects.filter(round=round).order_by("-first").values_list("first", "last", "team"))
    here: list[tuple[int, int, int]] = []
    told = {}
    for place in places:
        while rows and rows[-1][0] <= place:
            here.append(rows.pop())
        here = [one for one in here if one[1] >= place]
        told[place] = {team_id for _first, _last, team_id in here}
    return told


@transaction.atomic
def enter_recount(door_id: int, *, found: str, came: str, by: Actor, at: datetime) -> RecountDoor:
    """This function will enter what another team found at a drawn door; the same again changes nothing.

    ``found`` names an outcome, ``came`` whether somebody had come. Needs ``visit.submit`` in the team (a pass) or on
    the team's ground (a post, from paper). Raises ``NotAllowed``, ``NotFound``, ``FindingUnknown``, ``RecountOver``,
    ``SeenAlready``.
    """
    door = get_recount_door(door_id, actor=by, lock=True)
    if found not in Outcome.names or came not in Came.values:
        raise FindingUnknown
    outcome = Outcome[found]
    if door.at is not None:
        if (door.found, door.came) == (outcome, came):
            return door
        raise SeenAlready
    if door.recount.closes_at <= at or is_destroyed(door.recount.round_id):
        raise RecountOver
    door.found, door.came, door.at = outcome, came, at
    door.verdict = verdict_of(DoorState(door.claimed), outcome, came)
    door.save(update_fields=["found", "came", "at", "verdict"])
    column = door.verdict.lower()
    tally = RecountTally.objects.everywhere("the door was checked above").filter(recount=door.recount_id)
    tally.filter(place=place_of(code_of(door.place, COMMUNITY))).update(**{column: F(column) + 1})
    record(
        "screening.enter_recount",
        subject=door,
        by=by,
        at=at,
        place=door.place,
        data={"recount": door.recount_id, "verdict": str(door.verdict)},
        drill=door.recount.round.campaign.drill,
    )
    return door
