"""What work admission and forms know of each other: what is known already, what is asked twice, how far a form may go."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.translation import override

from qipan.access.testing import Cast
from qipan.desk.api import Admission, FieldsNotAsked, GroundNotAdmitted, apply_admission, decide_admission
from qipan.forms.actions import open_form, publish_form, seed_fields, seed_forms
from qipan.forms.actions.drafts import publish_draft, set_draft, start_draft
from qipan.forms.actions.publishing import AdmissionRefused, AdmissionWaits, BeyondAdmission, FieldsBeyondAdmission
from qipan.forms.models import Form, FormDraft, FormOpening, FormQuestion
from qipan.forms.queries.burden import asked_twice, known_of
from qipan.forms.rules import Definition
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput, Refusal

from .conftest import Entry
from .sheets import HEATING, sheet

HELP = ["select_one works", "help", "需要帮助吗", "Is help needed", "", "door_help_needed"]
HEAT = ["select_one works", "heating", "供暖是否正常", "Does the heating work", "", "door_heating_works"]
DAY = timedelta(days=1)
HERE = range_of("510104")


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
        assert "(questions: 2); this form asks until " in said and said.endswith(" (questions: 3).")
        decided(city, applied(city, at=city.at + DAY), valid_to=city.at + 29 * DAY)
        refused(city, BeyondAdmission, made)
        decided(city, applied(city, at=city.at + 2 * DAY))
        assert publish_draft(made, by=city.lead, at=city.at).questions.filter(held=False).count() == 3

    def test_what_is_applied_for_names_the_fields_of_the_draft_and_the_ground_of_the_unit(self, city: Cast) -> None:
        with override("en"), pytest.raises(BadInput) as found:
            applied(city)
        assert found.value.problems == ["which fields of the dictionary the form asks is missing"]
        draft(city, *HEATING)  # four fields, of which one is held and filled in
        with override("en"), pytest.raises(BadInput) as unknown:
            applied(city, fields=["no_such_field"])
        assert unknown.value.problems == ["a field that the dictionary lacks"]
        with pytest.raises(BadInput):
            applied(city, questions=2)
        assert not Admission.objects.exists()
        admission = applied(city)
        assert admission.fields == ["door_heating_works", "door_help_needed", "visit_appointment"]
        assert admission.grounds == [list(range_of("5101"))]
        assert applied(city, fields=["door_help_needed"], grounds=[HERE]).fields == ["door_help_needed"]

    def test_only_some_of_its_fields_are_admitted(self, city: Cast) -> None:
        draft(city, *HEATING)
        admission = applied(city)
        for wrong in ([], ["door_help_needed", "compound_name"]):
            with pytest.raises(FieldsNotAsked):
                decided(city, admission, fields=wrong)
        admission.refresh_from_db()
        assert (admission.state, admission.asked) == ("APPLIED", {})
        admitted = decided(city, admission, fields=["visit_appointment", "door_help_needed"])
        assert admitted.fields == ["door_help_needed", "visit_appointment"]
        assert (admitted.questions, admitted.minutes_per_unit) == (2, 8)
        assert admitted.asked["fields"] == ["door_heating_works", "door_help_needed", "visit_appointment"]
        with override("en"):
            page = city.client("anonymous").get("/admissions", headers={"Accept-Language": "en"}).content.decode()
        assert "Help that is needed, Day of the next visit<br>" in page
        assert "Not admitted: Whether the heating works" in page

    def test_the_page_takes_the_ticked_fields_and_areas_and_the_decision_names_fields(self, city: Cast) -> None:
        draft(city, *HEATING)
        department, lead = city.client("department"), city.client("lead")
        page = department.get("/admissions?form_code=heating&questions=3").content.decode()
        assert page.count(" checked") == 3
        typed = {
            "title": "t", "basis": "b", "activity": "FORM", "questions": "3", "form_code": "heating", "how_often": "ONCE",
            "minutes_per_unit": "12", "organ_types": "community", "areas": "510104", "valid_from": f"{city.at:%Y-%m-%d}",
            "valid_to": f"{city.at + 9 * DAY:%Y-%m-%d}",
        }  # fmt: skip
        for wrong in ({"areas": "51"}, {"asks": "no_such"}, {"form_code": "none-such"}):
            assert department.post("/admissions", typed | wrong).status_code == 400
        seen = department.post("/admissions", typed).context["cost"].seen
        assert (seen, Admission.objects.count()) == ("4:0.8", 0)
        assert department.post("/admissions", typed | {"seen": seen}).status_code == 302
        admission = Admission.objects.get()
        assert (len(admission.fields), admission.grounds) == (3, [list(HERE)])
        said = {"admitted": "1", "reason": "r"}
        assert lead.post(f"/admissions/{admission.pk}/decide", said).status_code == 400
        assert lead.post(f"/admissions/{admission.pk}/decide", said | {"asks": "visit_appointment"}).status_code == 302
        admission.refresh_from_db()
        assert (admission.fields, admission.questions) == (["visit_appointment"], 1)

    def test_a_form_with_other_fields_than_were_admitted_is_not_published(self, city: Cast) -> None:
        draft(city, HELP, HEAT)
        decided(city, applied(city, questions=2))
        made = draft(city, HELP, HEATING[-1])
        said = refused(city, FieldsBeyondAdmission, made)
        assert said.endswith("a form asks only what was admitted; this one also asks: Day of the next visit.")

    def opening(self, cast: Cast, form: Form, code: str, **changes: Any) -> list[FormOpening]:
        ground = {"grounds": [range_of(code)], "closes_at": cast.at + 5 * DAY}
        return open_form(form, **ground, **changes, by=cast.city_commander, at=cast.at)

    def not_opened(self, cast: Cast, refusal: type[Refusal], form: Form, code: str, **changes: Any) -> str:
        before = (FormOpening.objects.count(), Entry.objects.count())
        with override("en"), pytest.raises(refusal) as found:
            self.opening(cast, form, code, **changes)
        assert (FormOpening.objects.count(), Entry.objects.count()) == before
        with override("en"):
            return str(found.value)

    def test_it_opens_only_where_it_was_admitted(self, city: Cast) -> None:
        made = draft(city, HELP, HEAT)
        decided(city, applied(city, questions=2, grounds=[HERE]))  # by who wrote it; the lead organisation issues it
        form = publish_draft(made, by=city.lead, at=city.at)
        said = self.not_opened(city, GroundNotAdmitted, form, "510105")
        assert said.startswith(
            "“Weekly heating” was admitted for Jinjiang; this goes beyond. By the rules of work admission"
        )
        self.not_opened(city, GroundNotAdmitted, form, "5101")
        assert len(self.opening(city, form, "510104")) == 1
        assert len(self.opening(city, form, "510105", emergency="成应急〔2026〕1号")) == 1  # by the declaration
        Admission.objects.update(grounds=None)  # from before areas were held: as far as it went then
        assert len(self.opening(city, form, "510105")) == 1

    def test_it_opens_only_with_the_fields_of_the_admission_under_which_it_is_asked(self, city: Cast) -> None:
        form = publish_draft(draft(city, HELP, HEAT), by=city.lead, at=city.at)  # nobody applied: who publishes decides
        other = decided(city, applied(city, questions=1, fields=["door_help_needed"]))
        said = self.not_opened(city, FieldsBeyondAdmission, form, "510104", admission=other)
        assert said.endswith("this one also asks: Whether the heating works.")
        Admission.objects.update(fields=[])  # from before fields were held
        other.refresh_from_db()
        assert len(self.opening(city, form, "510104", admission=other)) == 1

    def test_what_another_unit_or_a_drill_applied_for_says_nothing_of_it(self, city: Cast) -> None:
        made = draft(city, *HEATING)
        applied(city, drill=True)
        other = Admission.objects.get()
        Admission.objects.filter(pk=other.pk).update(drill=False, demander=city.unit("5101:parks"))
        assert publish_draft(made, by=city.lead, at=city.at).version == 1
