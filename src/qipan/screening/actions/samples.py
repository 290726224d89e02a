"""How coverage went: one sample per district and slot of time, taken of the kept counts and never counted again later."""

from datetime import datetime

from django.db import connection, transaction

from ..models import CoverageSample, Round
from ..queries import open_rounds
from ..queries.coverage import SETTLED_SUM
from ..rules import slot_of
from ..terms import SAMPLED_PLACES

# A later moment of the same slot stands for the earlier one, so the last sample of a round is its end.
_SAMPLE = f"""
INSERT INTO screening_coveragesample (round_id, place, slot, at, doors, settled, visits)
SELECT round_id, place / {SAMPLED_PLACES} * {SAMPLED_PLACES}, %s, %s, SUM(doors), SUM({SETTLED_SUM}), SUM(visits)
FROM screening_coverage WHERE round_id = %s GROUP BY 1, 2
ON CONFLICT (round_id, place, slot)
DO UPDATE SET at = excluded.at, doors = excluded.doors, settled = excluded.settled, visits = excluded.visits
"""  # noqa: S608  our own integers and columns


def sample_round(round: Round, *, at: datetime) -> None:
    """This function will keep how far a round has come in each of its districts at this moment."""
    moment = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLE, [slot_of(round.opened_at, at), moment, round.pk])


def sample_open_rounds(*, at: datetime) -> int:
    """This function will sample the open rounds that have no sample of the present slot; returns how many that were."""
    sampled = 0
    for found in open_rounds(at=at):
        taken = CoverageSample.objects.everywhere("one per slot").filter(round=found, slot=slot_of(found.opened_at, at))
        if taken.exists():
            continue
        with transaction.atomic():
            # A round that was closed meanwhile has its last sample, of the moment when it was closed.
            if Round.objects.select_for_update().filter(pk=found.pk, closed_at=None).first():
                sample_round(found, at=at)
                sampled += 1
    return sampled
