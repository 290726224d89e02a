"""Where whoever filled in a form stood: to 50 metres, among the answers alone, and forgotten after 30 days (red line 9)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qipan.access.testing import Cast
from qipan.forms.actions.erasing import forget_points
from qipan.forms.api import Outcome, take_submission
from qipan.forms.models import Form, Submission
from qipan.forms.queries.submissions import audit_submissions
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotAllowed

from ..rules.submission import SubmissionBroken
from ..testing import Filled
from .conftest import Entry

SPOT = (
    "<help>yes</help><why>轮椅</why><spot><photo/><point>30.65731 104.06631 490 4.5</point><width>1.50</width></spot>"
)
POINT = "30.6575 104.0665 0 50"
CLOCK = Actor.system("clock", acts=["form.erase"])


def take(cast: Cast, filled: Filled, **how) -> Outcome:
    return take_submission(filled.xml(), [], **{"by": cast.screener, "at": cast.at, **how}).outcome


def rows() -> list[Submission]:
    return list(Submission.objects.everywhere("a test").order_by("pk"))


def test_a_point_is_forgotten_after_30_days_and_nothing_else(cast: Cast, needs: Form) -> None:
    filled, plain = Filled(more=SPOT), Filled(more="<help>yes</help><why>轮椅</why>", place="5101040010010010002")
    assert (take(cast, filled), take(cast, plain)) == (Outcome.TAKEN, Outcome.TAKEN)
    first, second = rows()
    assert first.answers["spot"] == {"point": POINT, "width": "1.50"} and "30.65" not in first.xml
    assert (first.points_until, second.points_until) == (cast.at + timedelta(days=30), None)
    with pytest.raises(NotAllowed):
        forget_points(by=cast.city_commander, at=cast.at + timedelta(days=31))
    assert forget_points(by=CLOCK, at=cast.at + timedelta(days=30) - timedelta(seconds=1)) == 0
    assert rows()[0].answers == first.answers
    assert forget_points(by=CLOCK, at=cast.at + timedelta(days=30)) == 1
    now, other = rows()
    assert now.answers == {**first.answers, "spot": {"width": "1.50"}} and other.answers == second.answers
    assert (now.points_until, now.erase_at, now.digest) == (None, first.erase_at, first.digest)
    assert forget_points(by=CLOCK, at=cast.at + timedelta(days=31)) == 0
    assert Entry.objects.get(act="forms.forget_points").data == {"submissions": 1}
    assert audit_submissions() == []
    assert take(cast, filled, at=cast.at + timedelta(days=32)) == Outcome.AGAIN  # and it brings nothing back
    assert rows()[0].answers == now.answers


def test_the_same_form_from_another_point_is_the_same_form(cast: Cast, needs: Form) -> None:
    filled = Filled(more=SPOT)
    assert take(cast, filled) == Outcome.TAKEN
    assert take(cast, Filled(more=SPOT.replace("30.65731", "30.69"), id=filled.id)) == Outcome.AGAIN
    assert [row.answers["spot"]["point"] for row in rows()] == [POINT]


def test_the_points_of_all_versions_of_a_record_go(cast: Cast, needs: Form) -> None:
    filled = Filled(more=SPOT)
    take(cast, filled)
    take(cast, Filled(more=SPOT.replace("1.50", "1.60"), base=filled.id), at=cast.at + timedelta(days=2))
    assert rows()[0].now["spot"] == {"point": POINT, "width": "1.60"}
    assert forget_points(by=CLOCK, at=cast.at + timedelta(days=31)) == 1
    assert forget_points(by=CLOCK, at=cast.at + timedelta(days=32)) == 1
    assert [row.answers["spot"] for row in rows()] == [{"width": "1.50"}, {"width": "1.60"}]
    assert rows()[0].now["spot"] == {"width": "1.60"}
    assert audit_submissions() == []


def test_a_form_is_read_once_for_all_that_was_filled_in_with_it(cast: Cast, needs: Form) -> None:
    for n in range(1, 4):
        take(cast, Filled(more=SPOT, place=f"510104001001001000{n}"))
    with CaptureQueriesContext(connection) as told:
        assert forget_points(by=CLOCK, at=cast.at + timedelta(days=30)) == 3
    [read] = [one["sql"] for one in told if '"forms_form"."xform"' in one["sql"]]
    assert '"source"' not in read


@pytest.mark.parametrize("point", ["inf 104.0 0 0", "30.6 1e400 0 0", "nan 104.0 0 0", "91 104.0 0 0"])
def test_a_point_that_is_none_is_refused_by_its_question(cast: Cast, needs: Form, point: str) -> None:
    with pytest.raises(SubmissionBroken) as told:
        take(cast, Filled(more=SPOT.replace("30.65731 104.06631 490 4.5", point)))
    assert told.value.problems == ["/data/spot/point：不是 geopoint 类型"] and rows() == []
