"""Opening and closing campaigns and rounds, assigning doors."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.desk.api import Admission, guard_night
from qipan.duties.api import Unit
from qipan.forms.api import Form
from qipan.journal.api import publish, record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal
from qipan.posture.api import Declaration

from ..models import Campaign, Coverage, Round
from ..queries.coverage import STATE_COLUMNS
from ..rules import MINUTES_PER_VISIT, MOST_MINUTES
from .admitting import MinutesWrong, check_rest, communities, put_on_meter
from .samples import sample_round

EVERYWHERE = Range(0, 2**63 - 1)
CLOSING_LOCK = 1903718766  # the first key of the advisory lock in data/store_visits.sql


class BasisMissing(Refusal):
    """Nobody knocks at doors without saying why."""

    code = "basis_missing"
    sentence = _("A screening campaign needs a title and a basis.")
    status = 400


class CampaignClosed(Refusal):
    code = "campaign_closed"
    sentence = _("The campaign is closed.")


class RoundClosed(Refusal):
    code = "round_closed"
    sentence = _("The round is closed.")


class RoundsOpen(Refusal):
    code = "rounds_open"
    sentence = ngettext_lazy(
        "%(count)s round of the campaign is still open: close it first.",
        "%(count)s rounds of the campaign are still open: close them first.",
        "count",
    )


class WiderThanScope(Refusal):
    """A district does not end the screening of the city."""

    code = "wider_than_scope"
    sentence = _("This reaches beyond your area; whoever is in charge of all of it closes it.")
    status = 403


class GroundMissing(Refusal):
    code = "ground_missing"
    sentence = _("Choose at least one area for the round.")
    status = 400


class EmptyRound(Refusal):
    code = "empty_round"
    sentence = _("The register holds no door in these areas.")


class EndMissing(Refusal):
    code = "end_missing"
    sentence = _("A round ends in the future: say when.")
    status = 400


@dataclass(frozen=True)
class RoundOpened:
    """A round was opened over a number of doors."""

    round: Round
    doors: int
    at: datetime


@transaction.atomic
def open_campaign(
    *,
    title: str,
    basis: str,
    unit: Unit,
    form: Form | None,
    declaration: Declaration | None = None,
    admission: Admission | None = None,
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> Campaign:
    """This function will open a screening campaign, as yet without a round; ``declaration`` is the emergency it is for.

    In routine it rests on an ``admission``; one that was given for an emergency brings its declaration along. Raises
    ``NotAllowed``, ``NotFound``, ``BasisMissing``, ``VisitsNotAdmitted`` and, from the desk, ``NotAdmitted``.
    """
    by.require("campaign.open")
    if unit.place not in by.scope:
        raise NotFound
    if not title.strip() or not basis.strip():
        raise BasisMissing
    if declaration is None and admission is not None and admission.declaration:
        declaration = Declaration.objects.filter(number=admission.declaration).first()
    check_rest(admission, declaration, unit=unit, at=at, drill=drill)
    campaign = Campaign.objects.create(
        title=title.strip(),
        basis=basis.strip(),
        unit=unit,
        form=form,
        declaration=declaration,
        admission=admission,
        opened_at=at,
        drill=drill,
    )
    data = {"title": campaign.title, "basis": campaign.basis, "unit": campaign.unit_id, "form": campaign.form_id}
    data |= {"declaration": campaign.declaration_id, "admission": campaign.admission_id}
    record("screening.open_campaign", subject=campaign, place=campaign.unit.place, by=by, at=at, data=data, drill=drill)
    return campaign


def _require_ground(campaign: Campaign, *, by: Actor) -> None:
    """This function will raise ``NotFound`` unless the campaign's unit or one of its rounds lies in the scope."""
    if campaign.unit.place in by.scope:
        return
    if not Coverage.objects.within(by.scope).filter(round__campaign=campaign).exists():
        raise NotFound


def _require_all(campaign: Campaign, *, by: Actor, **coverage: Any) -> None:
    """This function will raise ``NotFound`` as above, and ``WiderThanScope`` when a part lies outside the scope."""
    _require_ground(campaign, by=by)
    rows = Coverage.objects.everywhere("whether all of it lies in the scope").filter(**coverage)
    if rows.exclude(by.scope.q()).exists() or (campaign.unit.place not in by.scope and not rows.exists()):
        raise WiderThanScope


@transaction.atomic
def open_round(
    campaign: Campaign,
    *,
    grounds: Iterable[Range],
    closes_at: datetime,
    minutes_per_visit: int = MINUTES_PER_VISIT,
    by: Actor,
    at: datetime,
) -> Round:
    """This function will open the next round of a campaign over a ground, fix its register and put its cost on the meter.

    One row of counters per compound with doors, by one statement. Raises ``NotAllowed``,
    ``NotFound``, ``CampaignClosed``, ``GroundMissing``, ``EndMissing``, ``MinutesWrong``, ``EmptyRound``, where it rests on
    nothing ``VisitsNotAdmitted``, ``NotAdmitted``, ``GroundNotAdmitted``, ``CostsMoreThanAdmitted``, and at night for at
    once ``ShortNoticeAtNight``.
    """
    by.require("campaign.open")
    ranges = sorted({Range(*ground) for ground in grounds})
    if any(ground.without(by.scope.ranges) for ground in ranges):
        raise NotFound
    _require_ground(campaign, by=by)
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if campaign.closed_at is not None:
        raise CampaignClosed
    if not ranges:
        raise GroundMissing
    if closes_at <= at:
        raise EndMissing
    if not 1 <= minutes_per_visit <= MOST_MINUTES:
        raise MinutesWrong
    declared = check_rest(
        campaign.admission, campaign.declaration, unit=campaign.unit, grounds=ranges, at=at, drill=campaign.drill
    )
    guard_night(
        communities(),
        ranges,
        declaration=campaign.declaration.number if campaign.declaration is not None else "",
        due_at=closes_at,
        at=at,
        drill=campaign.drill,
    )
    number = (campaign.rounds.aggregate(last=Max("number"))["last"] or 0) + 1
    opened = Round.objects.create(
        campaign=campaign, number=number, opened_at=at, closes_at=closes_at, minutes_per_visit=minutes_per_visit
    )
    compounds = _fix_register(opened.pk, ranges)
    doors = 0
    if compounds:
        with connection.cursor() as cursor:
            cursor.execute("SELECT SUM(doors) FROM screening_coverage WHERE round_id = %s", [opened.pk])
            doors = int(cursor.fetchone()[0])
    if not doors:
        raise EmptyRound
    put_on_meter(opened, campaign, declared=declared, at=at)
    record(
        "screening.open_round",
        subject=opened,
        place=ranges[0].first,
        by=by,
        at=at,
        data={
            "campaign": campaign.pk,
            "number": number,
            "compounds": compounds,
            "doors": doors,
            "minutes": minutes_per_visit,
        },
        drill=campaign.drill,
    )
    sample_round(opened, at=at)
    publish(RoundOpened(round=opened, doors=doors, at=at))
    return opened


def _fix_register(round_id: int, ranges: list[Range]) -> int:
    """This function will write a round's counters, one row per compound with doors; returns how many."""
    condition = " OR ".join("place BETWEEN %s AND %s" for _ground in ranges)
    counts = (*STATE_COLUMNS.values(), "visits")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO screening_coverage (round_id, place, doors, {', '.join(counts)})"  # noqa: S608
            f" SELECT %s, place, doors, {', '.join('0' for _count in counts)} FROM territory_compound"
            f" WHERE doors > 0 AND ({condition}) ORDER BY place",
            [round_id, *(bound for ground in ranges for bound in ground)],
        )
        return int(cursor.rowcount)


@transaction.atomic
def assign_doors(round: Round, *, by: Actor, at: datetime) -> int:
    """This function will give each standing team the doors of its ground that the round covers.

    One statement; a team that has its doors already keeps them. Returns how many teams were given
    doors. Raises ``NotAllowed``, ``NotFound``, ``RoundClosed``.
    """
    by.require("campaign.open")
    _require_ground(round.campaign, by=by)
    if Round.objects.filter(pk=round.pk, closed_at__isnull=False).exists():
        raise RoundClosed
    moment = connection.ops.adapt_datetimefield_value(at)
    scope = " OR ".join("t.place BETWEEN %s AND %s" for _ground in by.scope.ranges) or "1 = 0"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO screening_assignment (round_id, team_id, first, last)"  # noqa: S608
            " SELECT %s, t.id, t.first, t.last FROM deployment_team t"
            " WHERE t.released_at IS NULL AND t.formed_at <= %s AND t.stands_down_at > %s AND t.drill = %s"
            f" AND ({scope})"
            " AND EXISTS (SELECT 1 FROM screening_coverage c WHERE c.round_id = %s"
            " AND c.place BETWEEN t.first - t.first %% 10000 AND t.last)"
            " AND NOT EXISTS (SELECT 1 FROM screening_assignment a WHERE a.team_id = t.id AND a.round_id = %s)",
            [
                round.pk, moment, moment, round.campaign.drill,
                *(bound for ground in by.scope.ranges for bound in ground), round.pk, round.pk,
            ],
        )  # fmt: skip
        teams = int(cursor.rowcount)
    record("screening.assign_doors", subject=round, by=by, at=at, data={"teams": teams}, drill=round.campaign.drill)
    return teams


@transaction.atomic
def close_round(round: Round, *, by: Actor, at: datetime) -> Round:
    """This function will close a round: its figures stand; what arrives afterwards is kept and not counted.

    Uploads under way finish first, so that no counter moves after the entry of the closing.
    Raises ``NotAllowed``, ``NotFound``, ``WiderThanScope``, ``RoundClosed``.
    """
    by.require("campaign.open")
    _require_all(round.campaign, by=by, round=round)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [CLOSING_LOCK, round.pk])
    if not Round.objects.filter(pk=round.pk, closed_at=None).update(closed_at=at):
        raise RoundClosed
    round.refresh_from_db()
    sample_round(round, at=at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT SUM(doors), SUM(visits) FROM screening_coverage WHERE round_id = %s", [round.pk])
        doors, visits = cursor.fetchone()
    record(
        "screening.close_round",
        subject=round,
        by=by,
        at=at,
        data={"doors": int(doors), "visits": int(visits)},
        drill=round.campaign.drill,
    )
    return round


@transaction.atomic
def close_campaign(campaign: Campaign, *, by: Actor, at: datetime) -> Campaign:
    """This function will close a campaign whose rounds are all closed.

    Raises ``NotAllowed``, ``NotFound``, ``WiderThanScope``, ``RoundsOpen``, ``CampaignClosed``.
    """
    by.require("campaign.open")
    _require_all(campaign, by=by, round__campaign=campaign)
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    running = campaign.rounds.filter(closed_at=None).count()
    if running:
        raise RoundsOpen(count=running)
    if campaign.closed_at is not None:
        raise CampaignClosed
    campaign.closed_at = at
    campaign.save(update_fields=["closed_at"])
    record("screening.close_campaign", subject=campaign, by=by, at=at, drill=campaign.drill)
    return campaign


def close_due_rounds(*, at: datetime) -> int:
    """This function will close the rounds whose time is over; returns how many."""
    due = Round.objects.filter(closed_at=None, closes_at__lte=at).select_related("campaign__unit").order_by("pk")
    closed = 0
    for found in due:
        job = Actor.system("close rounds that are over", acts=["campaign.open"], ranges=[EVERYWHERE])
        try:
            close_round(found, by=job, at=at)
        except RoundClosed:
            continue
        closed += 1
    return closed
