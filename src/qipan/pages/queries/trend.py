"""How coverage went, for the board's chart: read of what was sampled, never counted from visits."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone

from qipan.kernel.actor import Actor
from qipan.screening.api import RoundTrend, coverage_trend

from .board import Board, board_of


def trend_of(board: Board) -> list[RoundTrend]:
    """This function will return the trend of the board's round and of the two before it; empty where none is kept."""
    if board.coverage is None:
        return []
    return coverage_trend(board.coverage.round.campaign_id, board.area.ranges)


def trend_figures(
    code: str, *, actor: Actor, clock: Callable[[], datetime], hierarchy: str, drill: bool | None
) -> dict[str, Any]:
    """This function will return the trend for the endpoint; moments as the city's clocks show them. Raises as ``look``."""
    board = board_of(code, actor=actor, clock=clock, show="coverage", hierarchy=hierarchy, drill=drill)
    return {"code": board.area.code, "rounds": [_round(found) for found in trend_of(board)]}


def _round(found: RoundTrend) -> dict[str, Any]:
    one = found.round
    return {
        "round": one.pk,
        "number": one.number,
        "closed": one.closed_at is not None,
        "opened": _clock(one.opened_at),
        "ends": _clock(one.closed_at or one.closes_at),
        "samples": [[_clock(sample.at), sample.settled, sample.doors, sample.visits] for sample in found.samples],
    }


def _clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%dT%H:%M:%S}"
