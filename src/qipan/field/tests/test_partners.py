"""Partners visit their own doors, see what they handed in themselves, and less of it (SCR-7, red line 6)."""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.utils.timezone import localdate

from qipan.access.api import actor_of_token, issue_pass
from qipan.deployment.api import Team, form_teams
from qipan.field.queries import team_of, teams_of
from qipan.forms.api import lapsed_forms, take_submission
from qipan.forms.testing import Filled, opened, publish
from qipan.kernel.actor import Actor
from qipan.kernel.ids import uuid7
from qipan.kernel.masking import token
from qipan.kernel.place import place_text
from qipan.kernel.refusal import BadInput, NotFound, Refusal
from qipan.matters.api import channel_of
from qipan.matters.testing import make_world
from qipan.screening.api import addresses_of, assign_doors, store_visits

from .conftest import Scene


@dataclass
class Partner:
    """A property company with a team in a compound that it looks after, its visitor's pass, and one of its posts."""

    scene: Scene
    team: Team
    visitor: Actor
    phone: Client
    steward: Actor  # a post of the company that may hand in visits, for whichever of its teams

    def visit(self, by: Actor, place: int, outcome: str, **changes: Any) -> str:
        at = self.scene.cast.at
        said = {"id": str(uuid7()), "round": self.scene.round.pk, "place": place_text(place), "outcome": outcome}
        raw = json.dumps({"sent_at": at.isoformat(), "visits": [{**said, "at": at.isoformat(), **changes}]}).encode()
        (answer,) = store_visits(raw, by=by, at=at).answers
        return answer.code or answer.answer

    def seen(self, day: int = 0, client: Client | None = None) -> list[tuple[str, str]]:
        asked = localdate(self.scene.cast.at) + timedelta(days=day)
        page = (client or self.phone).get(f"/field/visits?day={asked:%F}")
        assert page.status_code == 200
        return [(str(address), outcome.name) for address, outcome, _late in page.context["rows"]]


@pytest.fixture
def partner(scene: Scene) -> Partner:
    cast = scene.cast
    company = cast.unit("510104:property-company-1")
    ends = cast.at + timedelta(days=9)
    looked_after = apps.get_model("duties", "Stewardship").objects.filter(unit=company).count()
    by = cast.city_commander
    assert form_teams(units=[company], per_doors=50, stands_down_at=ends, by=by, at=cast.at) == looked_after
    assert form_teams(units=[company], per_doors=50, stands_down_at=ends, by=by, at=cast.at) == 0
    assign_doors(scene.round, by=by, at=cast.at)
    team = Team.objects.everywhere("a test").filter(unit=company).order_by("place").first()
    assert team is not None
    given = issue_pass(
        label="协作走访员", role_code="partner-visitor", unit=company, code=place_text(team.place)[:15], team=team.pk,
        expires_at=ends, by=Actor.system("test", acts=["pass.issue"], ranges=[(0, 2**63 - 1)]), at=cast.at,
    )  # fmt: skip
    phone = Client()
    phone.cookies["qipan_pass"] = given.token
    visitor = actor_of_token(given.token, at=cast.at)
    steward = Actor(label="x", acts=frozenset({"visit.submit"}), scope=cast.guard.scope, unit_id=company.pk)
    return Partner(scene, team, visitor, phone, steward)


@pytest.mark.row("SCR-7")
def test_yesterdays_visits_are_only_the_own_teams(partner: Partner) -> None:
    scene, cast = partner.scene, partner.scene.cast
    ours, theirs = partner.team.first + 1, partner.team.first + 2
    community = Actor(
        label="y", acts=frozenset({"visit.submit"}), scope=cast.worker.scope, unit_id=cast.worker.unit_id, team_id=scene.team.pk
    )  # fmt: skip
    yesterday = (cast.at - timedelta(days=1)).isoformat()
    assert partner.visit(partner.visitor, ours, "ANSWERED", at=yesterday) == "stored"
    assert partner.visit(community, theirs, "REFUSED", at=yesterday) == "stored"
    assert partner.visit(partner.visitor, theirs, "NOT_HOME") == "stored"
    address = {place: str(one) for place, one in addresses_of({ours, theirs}).items()}
    assert partner.seen(-1) == [(address[ours], "ANSWERED")]
    assert partner.seen() == [(address[theirs], "NOT_HOME")]
    assert partner.seen(-2) == []
    visit = apps.get_model("screening", "Visit").objects.everywhere("a test").get(place=ours)
    assert visit.team.unit.code == "510104:property-company-1"  # attributed to the partner


@pytest.mark.row("SCR-7", "FRC-5")
def test_a_partner_has_its_own_doors_and_no_others(partner: Partner) -> None:
    sheet = partner.phone.get(f"/api/field/doors?team={partner.team.pk}").json()
    doors = [int(door[0]) for compound in sheet["compounds"] for door in compound["doors"]]
    assert doors == [partner.team.first + n for n in range(1, 11)]
    assert partner.visit(partner.visitor, partner.team.last + 2, "ANSWERED") == "other_team"
    assert partner.phone.get(f"/api/field/doors?team={partner.scene.team.pk}").status_code == 404
    assert partner.phone.get(f"/field/visits?team={partner.scene.team.pk}").status_code == 404


def test_a_post_of_a_partner_works_for_its_own_teams_only(partner: Partner) -> None:
    units = set(teams_of(partner.steward).values_list("unit__code", flat=True))
    assert units == {"510104:property-company-1"}
    with pytest.raises(NotFound):
        team_of(partner.steward, partner.scene.team.pk)
    assert partner.scene.team in teams_of(partner.scene.cast.worker)


@pytest.mark.row("MAT-1", "SCR-7")
def test_what_a_partner_reports_at_a_door_says_who_found_it(partner: Partner) -> None:
    cast, Matter = partner.scene.cast, apps.get_model("matters", "Matter")
    make_world(cast)
    told = {"id": str(uuid7()), "category": "01003", "place": place_text(partner.team.first + 1), "text": "楼道灯不亮"}
    answer = partner.phone.post("/api/field/matters", told, content_type="application/json")
    assert answer.status_code == 200
    held = Matter.objects.everywhere("a test").get()
    assert (held.number, held.channel, held.place) == (answer.json()["number"], "PROPERTY", partner.team.first + 1)
    elsewhere = told | {"id": str(uuid7()), "place": place_text(partner.scene.team.first + 1)}
    assert partner.phone.post("/api/field/matters", elsewhere, content_type="application/json").status_code == 400
    assert Matter.objects.everywhere("a test").count() == 1
    for code, channel in (
        ("510104001:volunteer-group", "VOLUNTEERS"),
        ("510104001:social-organisation", "SOCIAL"),
        ("510104001001:community", "WORKER"),
    ):
        assert channel_of(Actor(label="x", unit_id=cast.unit(code).pk)) == channel
    assert channel_of(Actor(label="x")) == "WORKER"


@pytest.fixture
def handed_in(partner: Partner) -> Partner:
    """A form with a person's number in it, as the dictionary says since: one by the partner, one by the community."""
    cast = partner.scene.cast
    form = opened(cast, publish(cast))
    place = place_text(partner.team.first + 1)
    community = Actor(label="y", acts=frozenset({"visit.submit"}), scope=cast.worker.scope, unit_id=cast.worker.unit_id)
    for by, people, number in ((partner.visitor, "41", "510104190001010001"), (community, "42", "510104190001010002")):
        take_submission(Filled(place=place, people=people, more=f"<why>{number}</why>").xml(), by=by, at=cast.at)
    FieldEntry, Question = apps.get_model("forms", "FieldEntry"), apps.get_model("forms", "FormQuestion")
    for order, (name, about, sensitivity) in enumerate((("people", "DOOR", "NONE"), ("why", "PERSON", "IDENTITY")), 1):
        FieldEntry.objects.create(
            code=name, name=name, name_en=name, kind="TEXT", about=about, source="s", source_en="s", retention_days=9,
            owner=cast.unit("5101:lead-body"), sensitivity=sensitivity, valid_from=cast.at.date(),
        )  # fmt: skip
        Question.objects.create(
            form=form, order=order, path=f"/data/{name}", kind="text", labels={"zh": name}, field_code=name
        )
    return partner


@pytest.mark.row("SCR-7")
def test_of_forms_a_partner_reads_its_own_without_numbers_of_persons(handed_in: Partner) -> None:
    for path in ("/forms/door-needs/answers", "/forms/door-needs/answers.csv"):
        text = handed_in.phone.get(path).content.decode()
        assert "41" in text and token("IDENTITY") in text
        assert "510104190001010001" not in text
        assert not any(word in text for word in (">42<", ",42,", "510104190001010002"))
    guard = handed_in.scene.cast.client("guard").get("/forms/door-needs/answers.csv").content.decode()
    assert ",41," in guard and ",42," not in guard and "51010419" not in guard
    worker = handed_in.scene.cast.client("worker").get("/forms/door-needs/answers.csv").content.decode()
    assert ",41," in worker and ",42," in worker


@pytest.mark.row("SCR-7")
def test_what_a_partner_read_masked_cannot_come_back(handed_in: Partner) -> None:
    rows = apps.get_model("forms", "Submission").objects.everywhere("a test")
    before = list(rows.values("pk", "answers", "merged", "standing"))
    first = rows.order_by("pk").first()
    assert first is not None
    changed = Filled(
        place=place_text(first.place), people="41", more=f"<why>{token('IDENTITY')}</why>", base=first.instance_id
    )
    with pytest.raises(BadInput) as refused:
        take_submission(changed.xml(), by=handed_in.visitor, at=handed_in.scene.cast.at)
    assert [one.startswith("/data/why") for one in refused.value.problems] == [True]
    assert list(rows.values("pk", "answers", "merged", "standing")) == before


@pytest.fixture
def three(partner: Partner) -> Partner:
    """Three forms are open on the partner's ground: a plain one, one that asks for health, one about persons."""
    cast = partner.scene.cast
    plain = opened(cast, publish(cast))
    health = opened(cast, publish(cast, code="door-health", number="QP-8"))
    apps.get_model("forms", "FieldEntry").objects.create(
        code="ill", name="ill", name_en="ill", kind="TEXT", about="DOOR", source="s", source_en="s", retention_days=9,
        owner=cast.unit("5101:lead-body"), sensitivity="HEALTH", valid_from=cast.at.date(),
    )  # fmt: skip
    question = apps.get_model("forms", "FormQuestion").objects.create(
        form=health, order=1, path="/data/why", kind="text", labels={"zh": "why"}, field_code="ill"
    )
    persons = publish(cast, code="person-needs", number="QP-9", subject="PERSON")
    (opening,) = plain.formopening_set.all()
    opening.pk, opening.form = None, persons
    opening.save()
    assert question.form == health
    return partner


PLAIN, ALL = ["door-needs"], ["door-health", "door-needs", "person-needs"]


def listed(client: Client) -> tuple[list[str], list[str]]:
    """The codes of the forms on the phone page's list and on OpenRosa's."""
    phone = [one["code"] for one in client.get("/api/field/forms").json()["forms"]]
    root = f"/openrosa/key/{client.cookies['qipan_pass'].value}"
    told = re.findall(r"<formID>([^<]+)", Client().get(f"{root}/formList").content.decode())
    return phone, told


def holder(partner: Partner, role: str, unit: str) -> Client:
    """A phone with a pass of this role and unit for the partner's compound."""
    cast = partner.scene.cast
    given = issue_pass(
        label=f"{role} {unit}", role_code=role, unit=cast.unit(unit), code=place_text(partner.team.place)[:15],
        expires_at=cast.at + timedelta(days=9), at=cast.at,
        by=Actor.system("test", acts=["pass.issue"], ranges=[(0, 2**63 - 1)]),
    )  # fmt: skip
    phone = Client()
    phone.cookies["qipan_pass"] = given.token
    return phone


@pytest.mark.row("SCR-7")
@pytest.mark.parametrize(
    ("role", "unit", "forms"),
    [
        ("partner-visitor", "510104:property-company-1", PLAIN),
        ("screening-worker", "510104:property-company-1", PLAIN),
        ("partner-visitor", "510104001001:community", PLAIN),
        ("screening-worker", "510104001001:community", ALL),
    ],
)
def test_a_partner_is_given_no_form_about_persons_and_none_with_a_sensitive_field(
    three: Partner, role: str, unit: str, forms: list[str]
) -> None:
    phone = holder(three, role, unit)
    assert listed(phone) == (forms, forms)
    place, rows = place_text(three.team.first + 1), apps.get_model("forms", "Submission").objects.everywhere("a test")
    root = f"/openrosa/key/{phone.cookies['qipan_pass'].value}"
    for code in ALL:
        given = code in forms
        for address in (f"{root}/forms/{code}/form.xml", f"{root}/forms/{code}/manifest", f"/field/forms/{code}/paper"):
            assert phone.get(address).status_code == (200 if given else 404), address
        filled = Filled(code=code, place=place, people="41", more="<why>flu</why>").xml()
        answer = Client().post(f"{root}/submission", {"xml_submission_file": BytesIO(filled)})
        assert (answer.status_code, "未在此处开放" in answer.content.decode() or given) == (201 if given else 403, True)
    assert sorted(rows.values_list("form__code", flat=True)) == forms


@pytest.mark.row("SCR-7")
def test_a_lapsed_form_about_persons_is_not_a_partners_to_refuse(three: Partner) -> None:
    cast = three.scene.cast
    apps.get_model("forms", "Form").objects.update(valid_to=cast.at - timedelta(hours=1))
    assert [form.code for form in lapsed_forms(three.visitor, at=cast.at)] == PLAIN
    assert [form.code for form in lapsed_forms(cast.worker, at=cast.at)] == ALL


@pytest.mark.row("SCR-7")
def test_what_a_partner_sent_before_the_field_was_sensitive_may_come_again(partner: Partner) -> None:
    """A phone that missed the answer sends the same once more: it is held, and nothing new is taken."""
    cast, rows = partner.scene.cast, apps.get_model("forms", "Submission").objects.everywhere("a test")
    form = opened(cast, publish(cast))
    sent = Filled(place=place_text(partner.team.first + 1)).xml()
    assert take_submission(sent, by=partner.visitor, at=cast.at).outcome == "TAKEN"
    apps.get_model("forms", "Form").objects.filter(pk=form.pk).update(subject="PERSON")
    assert take_submission(sent, by=partner.visitor, at=cast.at).outcome == "AGAIN"
    with pytest.raises(Refusal) as refused:
        take_submission(Filled(place=place_text(partner.team.first + 1)).xml(), by=partner.visitor, at=cast.at)
    assert (refused.value.code, rows.count()) == ("form_not_open", 1)


@pytest.mark.parametrize("day", ["x", "2026-13-01", "9999-12-31", "0001-01-01"])
def test_a_day_that_is_none_is_refused(partner: Partner, day: str) -> None:
    assert partner.phone.get(f"/field/visits?day={day}").status_code == 400


@pytest.mark.parametrize("name", ["auditor", "guard", "stranger"])
def test_who_hands_in_no_visits_has_no_such_page(partner: Partner, name: str) -> None:
    assert partner.scene.cast.client(name).get("/field/visits").status_code == 403


@pytest.mark.row("SCR-7")
def test_people_of_a_partner_are_enrolled_where_it_works_and_nowhere_else(partner: Partner) -> None:
    """The pass is the partner's, not the community's, and holds only in a compound that it looks after."""
    assert partner.visitor.unit_id == partner.team.unit_id
    assert partner.visitor.scope.ranges == ((partner.team.first, partner.team.last),)
    Pass = apps.get_model("access", "Pass")
    before = Pass.objects.everywhere("a test").count()
    with pytest.raises(BadInput):
        issue_pass(
            label="another", role_code="partner-visitor", unit=partner.team.unit, code="510105001001001",
            expires_at=partner.scene.cast.at + timedelta(days=9),
            by=Actor.system("test", acts=["pass.issue"], ranges=[(0, 2**63 - 1)]), at=partner.scene.cast.at,
        )  # fmt: skip
    assert Pass.objects.everywhere("a test").count() == before
