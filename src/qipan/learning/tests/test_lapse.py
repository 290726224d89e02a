"""EMG-5, EMG-8, EMG-17: a response that nobody extends ends by itself and opens what an ordered end opens, once."""

from datetime import datetime, timedelta

import pytest
from django.apps import apps
from django.db import transaction

from qipan.access.testing import make_city
from qipan.command.api import plan_view
from qipan.desk.api import Task
from qipan.forms.api import Submission, take_submission
from qipan.forms.testing import Filled, opened, publish
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal
from qipan.learning import subscribers
from qipan.learning.models import Review
from qipan.posture.api import Declaration, declare, end_declaration, end_lapsed, extend_declaration

from .conftest import NOON

pytestmark = pytest.mark.row("EMG-5", "EMG-8", "EMG-17")
Entry = apps.get_model("journal", "Entry")
UNTIL = NOON + timedelta(days=2)
YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def lapsing(django_db_setup, django_db_blocker):
    """Two responses that end at the same minute and one that goes on, with an answer to a form for the first."""
    with django_db_blocker.unblock(), transaction.atomic():
        cast = make_city(at=NOON)
        for n, days in enumerate((2, 2, 9), 1):
            declare(
                number=f"E-{n}",
                matter="寒潮",
                hazard="epidemic",
                level=1,
                basis="法",
                issuer=cast.unit("5101:city-command"),
                ground_codes=["510104"],
                starts_at=NOON,
                expected_until=NOON + timedelta(days=days),
                measures=["保供"],
                by=cast.city_commander,
                at=NOON,
            )
        opened(cast, publish(cast), emergency="E-1")
        take_submission(Filled().xml(), by=cast.screener, at=NOON)
        yield cast
        transaction.set_rollback(True)


@pytest.fixture
def cast(lapsing, db):
    """The city of the module; what a test does to it is taken back."""
    mark = transaction.savepoint()
    yield lapsing
    transaction.savepoint_rollback(mark)


def lapse(at):
    return end_lapsed(by=Actor.system("measures"), at=at)


def ends():
    return [row.ended_at for row in Declaration.objects.order_by("number")]


def reviews():
    return sorted(Review.objects.values_list("declaration__number", flat=True))


def test_a_lapse_opens_the_review_the_release_and_the_clock_of_forms_once(cast):
    assert (lapse(UNTIL - timedelta(seconds=1)), reviews(), ends()) == (0, [], [None] * 3)
    late = UNTIL + timedelta(hours=5)  # the job did not run for some hours
    assert [lapse(late), lapse(late)] == [2, 0]
    assert ends() == [UNTIL, UNTIL, None]
    assert reviews() == ["E-1", "E-2"]
    first = Review.objects.get(declaration__number="E-1")
    assert (first.opened_at, first.unit_id) == (late, cast.unit("5101:lead-body").pk)
    assert Task.objects.everywhere("a test").filter(source=f"event-review:{first.pk}").count() == 1
    assert Submission.objects.everywhere("a test").get().erase_at == UNTIL + YEAR
    entries = Entry.objects.filter(act="posture.lapse_declaration").order_by("pk")
    assert [entry.data["answers"] for entry in entries] == [1, 0]
    assert datetime.fromisoformat(entries[0].data["ended_at"]) == UNTIL
    declared = first.declaration
    assert [step.kind for step in declared.steps.order_by("pk")] == ["DECLARED", "LAPSED"]
    with pytest.raises(Refusal) as refused:
        end_declaration(declared, reason="again", by=cast.city_commander, at=late)
    assert refused.value.code == "declaration_ended"


def test_one_that_cannot_be_ended_holds_up_no_other_and_is_tried_again(cast, monkeypatch, caplog):
    """The first of three is refused by a room above, minute after minute: those behind it still end."""
    open_review, broken = subscribers.open_review, Declaration.objects.get(number="E-1").pk

    def refusing(declaration, **told):
        if declaration.pk == broken:
            raise ValueError("no lead body")
        open_review(declaration, **told)

    monkeypatch.setattr(subscribers, "open_review", refusing)
    assert [lapse(UNTIL), lapse(UNTIL + timedelta(minutes=1))] == [1, 0]
    assert (ends(), reviews()) == ([None, UNTIL, None], ["E-2"])
    assert Entry.objects.filter(act="posture.lapse_declaration").count() == 1
    assert caplog.text.count(f"Response {broken} has lapsed and cannot be ended") == 2
    monkeypatch.setattr(subscribers, "open_review", open_review)
    assert lapse(UNTIL + timedelta(minutes=2)) == 1
    assert (ends(), reviews()) == ([UNTIL, UNTIL, None], ["E-1", "E-2"])


def test_a_crash_between_two_loses_nothing_and_the_next_minute_goes_on(cast, monkeypatch):
    """The second is killed while its rooms are told: it is as if nothing had happened to it."""
    open_review = subscribers.open_review

    def killed(declaration, **told):
        open_review(declaration, **told)
        if Review.objects.count() == 2:
            raise SystemExit(9)

    monkeypatch.setattr(subscribers, "open_review", killed)
    with pytest.raises(SystemExit):
        lapse(UNTIL)
    assert (ends(), reviews()) == ([UNTIL, None, None], ["E-1"])
    monkeypatch.setattr(subscribers, "open_review", open_review)
    assert lapse(UNTIL + timedelta(minutes=1)) == 1
    assert (ends(), reviews()) == ([UNTIL, UNTIL, None], ["E-1", "E-2"])
    assert Entry.objects.filter(act="posture.lapse_declaration").count() == 2


def test_what_was_ended_or_extended_meanwhile_is_left_alone(cast):
    one, two, _three = Declaration.objects.order_by("number")
    end_declaration(one, reason="over", by=cast.city_commander, at=NOON + timedelta(days=1))
    extend_declaration(two, expected_until=UNTIL + timedelta(days=1), reason="goes on", by=cast.city_commander, at=NOON)
    assert lapse(UNTIL) == 0
    assert (ends(), reviews()) == ([NOON + timedelta(days=1), None, None], ["E-1"])


def test_the_pages_say_so_and_lead_on(cast):
    lapse(UNTIL)
    declared = Declaration.objects.get(number="E-1")
    reader = cast.client("city_commander")
    page = reader.get(f"/declarations/{declared.pk}").content.decode()
    assert "预计期限已过，未作延长。" in page and "到期自行终止" in page
    assert f'href="/events/{declared.pk}"' in page and f'href="/releases/{declared.pk}"' in page
    assert "应急响应已终止，有序退出尚未开始" in reader.get(f"/releases/{declared.pk}").content.decode()
    assert reader.post(f"/releases/{declared.pk}/run", {"seen": 0}).status_code == 302
    plan = plan_view(declared, at=now()).plan
    assert plan is not None and plan.runs == 1
    english = reader.get(f"/declarations/{declared.pk}", headers={"accept-language": "en"}).content.decode()
    assert "Its expected duration has passed, and nobody extended it." in english
