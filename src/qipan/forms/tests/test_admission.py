"""What work admission and forms know of each other: what is known already, what is asked twice, how far a form may go."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.translation import override

from qipan.access.testing import Cast
from qipan.desk.api import Admission, apply_admission, decide_admission
from qipan.forms.actions import publish_form, seed_fields, seed_forms
from qipan.forms.actions.drafts import publish_draft, set_draft, start_draft
from qipan.forms.actions.publishing import AdmissionRefused, AdmissionWaits, BeyondAdmission
from qipan.forms.models import Form, FormDraft, FormQuestion
from qipan.forms.queries.burden import asked_twice, known_of
from qipan.forms.rules import Definition
from qipan.kernel.refusal import Refusal

from .conftest import Entry
from .sheets import HEATING, sheet

HELP = ["select_one works", "help", "需要帮助吗", "Is help needed", "", "door_help_needed"]
HEAT = ["select_one works", "heating", "供暖是否正常", "Does the heating work", "", "door_heating_works"]
DAY = timedelta(days=1)


@pytest.fixture
def city(cast: Cast) -> Cast:
    seed_fields(cast.unit("5101:lead-body"), by=cast.lead, at=cast.at)
    return cast


def draft(cast: Cast, *rows: list[str], code: str = "heating") -> FormDraft:
    made = start_draft(code=code, file_name="h.xlsx", source=sheet(*rows), by=cast.department, at=cast.at)
    passport = {
        "title": "供暖表", "title_en": "Heating", "subject": "DOOR", "number": f"QP-{code}", "approval": "approval 1",
        "issuer": cast.unit("5101:lead-body"), "basis": "list 4", "purpose": "heat", "valid_from": cast.at,
        "valid_to": cast.at + 30 * DAY,
    }  # fmt: skip
    return set_draft(made, passport=passport, fields={}, reuse=True, reason="", by=cast.department, at=cast.at)


def applied(cast: Cast, **changes: Any) -> Admission:
    said: dict[str, Any] = {
        "title": "Weekly heating", "minutes_per_unit": 12, "questions": 3, "form_code": "heating", "basis": "list 4",
        "activity": "FORM", "organ_types": ["community"], "valid_from": cast.at, "valid_to": cast.at + 30 * DAY,
        "by": cast.department, "at": cast.at,
    }  # fmt: skip
    return apply_admission(**said | changes)


def decided(cast: Cast, admission: Admission, *, admitted: bool = True, **changes: Any) -> Admission:
    return decide_admission(admission, admitted=admitted, reason="as said", by=cast.lead, at=cast.at, **changes)


def refused(cast: Cast, refusal: type[Refusal], made: FormDraft) -> str:
    """Publishes, is refused, and nothing was written."""
    before = (Form.objects.count(), FormQuestion.objects.count(), Entry.objects.count())
    with override("en"), pytest.raises(refusal) as found:
        publish_draft(made, by=cast.lead, at=cast.at)
    assert (Form.objects.count(), FormQuestion.objects.count(), Entry.objects.count()) == before
    made.refresh_from_db()
    assert made.form is None
    with override("en"):
        return str(found.value)


@pytest.mark.row("SVC-10", "SVC-9")
class TestWhatIsKnown:
    def test_without_a_draft_nothing_is_said(self, city: Cast) -> None:
        assert known_of("heating", city.at) is None

    def test_what_a_register_holds_is_known(self, city: Cast) -> None:
        draft(city, *HEATING)
        with override("en"):
            found = known_of("heating", city.at)
        assert found is not None
        assert (found.questions, found.known) == (4, 1)
        assert found.said == (
            "Name of the compound: held by Register of compounds (Housing and Urban-Rural Development Bureau of Chengdu)",
        )

    def test_what_another_valid_form_asks_is_known_until_it_expires(self, city: Cast) -> None:
        seed_forms(city.unit("5101:lead-body"), by=city.lead, at=city.at)
        draft(city, *HEATING)
        with override("en"):
            found = known_of("heating", city.at)
            later = known_of("heating", city.at + 365 * DAY)
        assert found is not None and later is not None
        assert (found.questions, found.known) == (4, 3)
        assert found.said[1:] == (
            "Help that is needed: asked by Door screening form 示例-排查-001",
            "Day of the next visit: asked by Door screening form 示例-排查-001",
        )
        assert (later.questions, later.known) == (4, 1)

    def test_the_newest_draft_counts_and_a_published_one_does_not(self, city: Cast) -> None:
        draft(city, *HEATING)
        newest = draft(city, HELP, HEAT)
        found = known_of("heating", city.at)
        assert found is not None and (found.questions, found.known, found.said) == (2, 0, ())
        FormDraft.objects.exclude(pk=newest.pk).delete()
        publish_draft(newest, by=city.lead, at=city.at)
        assert known_of("heating", city.at) is None


@pytest.mark.row("SVC-13")
class TestWhatIsAskedTwice:
    def publish(self, cast: Cast, code: str, *rows: list[str], days: int = 30) -> Form:
        return publish_form(
            code=code, title=f"表{code}", subject="DOOR", number=f"QP-{code}", issuer=cast.unit("5101:lead-body"),
            approval="a", basis="b", purpose="p", valid_from=cast.at, valid_to=cast.at + days * DAY,
            definition=Definition(sheet(*rows), reuse=True), by=cast.lead, at=cast.at,
        )  # fmt: skip

    def test_one_form_asks_nothing_twice_and_a_held_field_is_not_asked(self, city: Cast) -> None:
        self.publish(city, "one", HEAT, HELP, HEATING[0])
        self.publish(city, "two", HEATING[-1], HEATING[0])
        assert asked_twice(city.at) == []

    def test_a_field_that_two_valid_forms_ask_is_named_with_both_until_one_expires(self, city: Cast) -> None:
        self.publish(city, "one", HEAT, HELP)
        self.publish(city, "two", HELP, HEATING[-1], days=10)
        with override("en"):
            assert asked_twice(city.at) == ["Help that is needed: asked by 表one QP-one, 表two QP-two"]
        assert asked_twice(city.at + 10 * DAY) == []
        assert asked_twice(city.at - DAY) == []

    def test_the_newest_version_counts(self, city: Cast) -> None:
        self.publish(city, "one", HEAT, HELP)
        self.publish(city, "two", HELP, HEATING[-1])
        self.publish(city, "two", HEATING[-1])
        assert asked_twice(city.at) == []


@pytest.mark.row("SVC-9", "SVC-10")
class TestHowFarAFormMayGo:
    def test_nothing_is_published_before_the_application_is_decided_nor_when_it_was_refused(self, city: Cast) -> None:
        made = draft(city, *HEATING)
        admission = applied(city)
        assert "“Weekly heating” for this form is not decided" in refused(city, AdmissionWaits, made)
        decided(city, admission, admitted=False)
        assert refused(city, AdmissionRefused, made).endswith("for this form was refused: as said")

    def test_it_asks_no_more_questions_than_were_admitted_and_holds_no_longer(self, city: Cast) -> None:
        made = draft(city, *HEATING)  # four questions, of which one is held and filled in
        decided(city, applied(city), questions=2)
        said = refused(city, BeyondAdmission, made)
        assert "was admitted with 2 questions" in said and "this form asks 3 questions" in said
        decided(city, applied(city, at=city.at + DAY), valid_to=city.at + 29 * DAY)
        refused(city, BeyondAdmission, made)
        decided(city, applied(city, at=city.at + 2 * DAY))
        assert publish_draft(made, by=city.lead, at=city.at).questions.filter(held=False).count() == 3

    def test_what_another_unit_or_a_drill_applied_for_says_nothing_of_it(self, city: Cast) -> None:
        made = draft(city, *HEATING)
        applied(city, drill=True)
        other = Admission.objects.get()
        Admission.objects.filter(pk=other.pk).update(drill=False, demander=city.unit("5101:parks"))
        assert publish_draft(made, by=city.lead, at=city.at).version == 1
