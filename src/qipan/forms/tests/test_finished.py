"""Each form says when it was finished, so what was finished in time is taken when the network is back."""

from datetime import datetime, timedelta

import pytest

from qipan.access.testing import Cast
from qipan.forms.actions.drafts import publish_draft
from qipan.forms.actions.publishing import BeyondAdmission
from qipan.forms.actions.refusals import FormNotOpen
from qipan.forms.api import Form, Outcome, take_submission
from qipan.forms.models import FormQuestion
from qipan.forms.queries.answers import answers_of, masks_of, questions_of, rows_of, usual_columns
from qipan.forms.queries.paper import paper_of
from qipan.forms.queries.submissions import asked_by, audit_submissions

from ..testing import CODE, DOOR, SURVEY, Filled, opened
from ..testing import publish as convert
from .sheets import HEATING, sheet
from .test_admission import applied, decided, draft
from .test_designs import publish
from .test_submissions import rows

HELP = HEATING[4]


def sent(form: Form, name: str, end: datetime | None, *, id: str = "uuid:1") -> bytes:
    ended = f"<{name}>{end.isoformat()}</{name}>" if end else ""
    meta = f"<meta><instanceID>{id}</instanceID></meta>"
    return f'<data id="{form.code}" version="1"><place>{DOOR}</place><help>yes</help>{ended}{meta}</data>'.encode()


@pytest.mark.parametrize(
    ("own", "name"),
    [([], "qipan_end"), ([["end", "done", "", "", "", ""]], "done")],
    ids=["the house's", "the author's"],
)
@pytest.mark.row("EMG-20", "SVC-10")
def test_a_published_form_that_was_finished_in_time_is_taken_after_its_lapse(
    city: Cast, own: list[list[str]], name: str
) -> None:
    form = opened(city, publish(city, sheet(HELP, *own), valid_from=city.at - timedelta(days=1)))
    assert form.xform.count('jr:preload="timestamp"') == 1  # when somebody began is asked of nobody
    assert [path for path, node in asked_by(form).nodes.items() if node.closing] == [f"/data/{name}"]
    lapse, minute = city.at + timedelta(days=3), timedelta(minutes=1)
    for end in (lapse, None):  # finished too late; a phone that says nothing
        with pytest.raises(FormNotOpen):
            take_submission(sent(form, name, end), by=city.screener, at=lapse + minute)
    assert rows() == []
    told = take_submission(sent(form, name, lapse - minute), by=city.screener, at=lapse + timedelta(days=2))
    assert told.outcome == Outcome.TAKEN
    (row,) = rows()
    assert (row.device_at, row.answers) == (lapse - minute, {"place": DOOR, "help": "yes"})
    assert audit_submissions() == []
    # It is no question: no column, no line on paper, no answer.
    questions = questions_of(form)
    assert [one.path for one in questions] == ["/data/help"]
    columns = usual_columns(questions)
    assert [one.header for one in columns] == ["place", "received", "version", "help"]
    lines = list(rows_of(answers_of(form.code, actor=city.city_commander), columns, masks_of(form.code)))
    assert [line[3] for line in lines] == ["yes"]
    assert [line.label for line in paper_of(form)] == ["需要帮助吗"]
    assert list(FormQuestion.objects.filter(form=form).exclude(field_code="").values_list("path", flat=True)) == [
        "/data/help"
    ]


@pytest.mark.row("SVC-9")
def test_saying_when_it_was_finished_costs_no_question_of_what_was_admitted(city: Cast) -> None:
    decided(city, applied(city, questions=1, fields=["door_help_needed"]))
    with pytest.raises(BeyondAdmission):
        publish_draft(draft(city, HELP, HEATING[5]), by=city.lead, at=city.at)
    finished = draft(city, HELP, ["end", "done", "", "", "", ""])
    assert publish_draft(finished, by=city.lead, at=city.at).version == 1


def test_a_version_published_before_lapses_as_it_was_published(cast: Cast) -> None:
    """Its clients say nothing of when they finished it: it ends with its opening, and the next version is the remedy."""
    form = opened(cast, convert(cast, survey=[SURVEY[0], *SURVEY[3:6]]))
    form.xform = form.xform.replace("<qipan_end/>", "")
    form.save(update_fields=["xform"])
    assert form.code == CODE and "<qipan_end/>" not in form.xform
    before = Filled()
    raw = before.xml().replace(b"<begun>2026-08-01T09:58:00.000+08:00</begun>", b"").replace(f"<ended>{before.end}</ended>".encode(), b"")  # fmt: skip
    with pytest.raises(FormNotOpen):
        take_submission(raw, by=cast.screener, at=cast.at + timedelta(days=3))
    assert take_submission(raw, by=cast.screener, at=cast.at).outcome == Outcome.TAKEN
    assert [row.device_at for row in rows()] == [None]
