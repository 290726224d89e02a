"""The red lines (users.md, section 8), as far as this version can cross them."""

import json
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.urls import get_resolver

from qipan.kernel.place import range_of

from .living import MEMBERS, Living, addresses, make_living, rows

SOURCE = Path(__file__).resolve().parents[2] / "src" / "qipan"

# Every field that the database holds. A new one is added here by whoever has read the red lines.
FIELDS = {
    "access.Account": "id password last_login username display_name email is_active",
    "access.CardReading": "key card",
    "access.Pass": "serial role unit team label first last issued_at expires_at revoked_at issued_by batch line",
    "access.Post": "id account unit role title first last sponsors_area published_name valid_from valid_to",
    "access.Role": "id code name name_en acts for_passes",
    "access.TrainingCard": "id role version text",
    "command.ActivatedGround": "id activation code first last",
    "command.Activation": "id playbook declaration admission unit grounds ground_key activated_at activated_by release_started_at released_at drill",
    "command.ActivationItem": "id activation order key kind reference title title_en owner count detail opened_at blocked closed_at still_open handed_over",
    "command.Directive": "id number version title body issuer admission basis decided_at issued_at due_at named_person recipients supersedes changes recalled_at recalled_by recall_reason drill",
    "command.DirectiveTarget": "id directive organ_type first last",
    "command.Playbook": "id code version title title_en hazard posture steps targets note published_at published_by",
    "command.Watch": "id unit place post line starts_at ends_at note handed_over_at cancelled_at",
    "deployment.Shift": "id unit title source place starts_at ends_at task filled_by filled_at warned_at released_at drill",
    "deployment.Team": "id unit number source place first last formed_at stands_down_at released_at drill",
    "desk.Admission": "id demander title basis declaration organ_types activity questions form_code how_often minutes_per_unit units state applied_at decided_at decided_by reason valid_from valid_to asked drill",
    "desk.BurdenIndex": "id week demander owner place activity tasks minutes",
    # A unit says it, once a week; who of it said so is kept nowhere, in the journal neither.
    "desk.Nuisance": "id week owner place demander activity form_code",
    "desk.Task": "id kind source title asker owner place admission basis state clock created_at sent_by due_at remind_at delivered_at read_at accepted_at closed_at suspended_at reminded_at escalation escalated_at changed_at note on_paper drill",
    "desk.TaskStep": "id task state at by_label note",
    "desk.Sign": "id name name_en basis valid_from valid_to",
    "desk.SignReport": "id unit place words demander state task reported_at decided_at decided_by reason",
    "desk.Terminal": "id name kind owner basis instead listed_at ended_at",
    "desk.TerminalUse": "id terminal unit place accounts last_used noted_at ended_at",
    "duties.OrganType": "id code name name_en unit_name unit_name_en level is_command is_lead executes_only authority_rank",
    "duties.Responsibility": "id item_code organ_type unit role basis basis_en version example valid_from valid_to",
    "duties.ResponsibilityItem": "id code kind name name_en valid_from valid_to",
    "duties.Stewardship": "id unit place valid_from valid_to",
    "duties.Unit": "id code organ_type name name_en place first last parent valid_from valid_to synthetic",
    # Beside an answer, by its name; a photograph is written anew without where and by which camera.
    "field.DeviceList": "id device holder team place head before missing broken_at compared_at erase_at",
    "forms.Attachment": "id submission name media_type sha256 content received_at",
    "forms.ColumnOrder": "id form_code name columns at by_label",
    "forms.DraftMedia": "id draft name content",
    "forms.FieldEntry": "id code name name_en kind about source source_en owner held retention_days sensitivity example valid_from valid_to",
    # What another register says of a place; of persons nothing is brought.
    "forms.FieldValue": "id delivery field_code place value",
    "forms.FieldValues": "id field_code name sha256 rows as_of at by_label",
    "forms.Form": "id code version title title_en subject number issuer approval basis purpose valid_from valid_to xform source reason approved_by",
    # ``account`` is kept only so that somebody else approves what is sensitive; nothing counts by it.
    "forms.FormDraft": "id code title title_en subject number issuer approval basis purpose valid_from valid_to file_name source fields reuse reason unit account by_label changed_at approved_at approved_by approved_digest form",
    "forms.FormMedia": "id form name content sha256",
    "forms.FormOpening": "id form first last opened_at closes_at closed_at drill",
    # Which unit and which team handed it in, never which person; a point to 50 metres; erased at ``erase_at``.
    "forms.FormQuestion": "id form order path kind labels field_code held",
    "forms.Submission": "id form instance_id standing place xml answers digest awaits unit team device_at based_on record merged contested chosen received_at erase_at decided_at decided_by drill",
    "gateways.Attribute": "id category_code code order datatype required description description_en values",
    "gateways.Endpoint": "id jurisdiction keys_needed contact changed_at",
    "gateways.Partner": "id name key_hash key_hint most_an_hour created_at ended_at",
    "gateways.Subscription": "id partner url kinds standing secret_version created_at tried_at outcome delivered_at failures failing_since rest_until",
    "journal.Entry": "id at by_label by_account by_post by_pass act subject place data drill digest seq hash",
    "journal.Message": "id channel key payload created_at not_before attempts sent_at failed_reason drill",
    "matters.AgendaItem": "id session kind place category n facts matters",
    "matters.Agreed": "id call text task",
    "matters.Allowance": "id source hour n",
    "matters.Call": "id matter caller place what meets_where meets_at urgency respond_by called_at by_label found agreed_made result ended_at drill",
    # ``post`` names a function ("duty officer"), never a person.
    "matters.Called": "id call unit task post accepted_at refusal refused_at ruling excused came result silent_at",
    "matters.Category": "id code kind group group_en name name_en item_code filing filing_en closing closing_en limit_file limit_accept limit_handle limit_verify example valid_from valid_to",
    "matters.Conclusion": "id session item text task",
    # Apart from the matter, for one purpose, with the day of its erasure; who looked is shown to the reporter.
    "matters.Contact": "id report reach purpose erase_at",
    "matters.ContactLook": "id report at by_label why",
    # ``done_by`` is an account, kept only so that somebody else verifies; nothing counts by it.
    "matters.Handling": "id matter unit part task outcome why asked_at accept_by responded_at objection objected_at result done_by wish wish_until wish_reason ended_at",
    "matters.Handover": "id referral door need reach hours",
    "matters.HandoverLook": "id referral unit at by_label",
    "matters.Hazard": "id matter grade measure graded_at remedy_by look looks remedied_at",
    # A file waits for whoever brought it, at most a day; what was taken over keeps the file's sum, not the file.
    "matters.Import": "id name sha256 mapping lines matters held left_out at by_label undone_at undone_by",
    "matters.ImportDraft": "id name content account at erase_at",
    "matters.ImportLine": "id batch matter line number",
    "matters.ImportMapping": "id name rules at by_label",
    # What was learned: numbers and pieces of text that ten matters and more have in common.
    "matters.Learned": "id target weights digest cases since until kept_out asked majority first among_three at",
    # ``verified_by`` is an account, kept only so that somebody else looks again; nothing counts by it.
    "matters.Matter": "id place longitude latitude category channel private state handler first_receiver hops ruled merged_into closing confirmation way tasks waiting reported_at verified_at verifier verified_by review_at review_called ended_at changed_at drill",
    "matters.MatterStep": "id matter kind detail unit at by_label note",
    "matters.Photo": "id matter report jpeg width height at",
    # A closed matter drawn by lot; ``closer`` and ``unit`` are units.
    "matters.Recheck": "id matter place closer ended_at look_at task verdict note unit at",
    "matters.Sampling": "id share after_days valid_from at by_label",
    # Units rate each other, no person: ``first`` and ``second`` are scales of joint work.
    "matters.Rating": "id called side first second words at",
    "matters.Referral": "id purpose ground place sender receiver task back state hops code_hash nonce handed_at accept_by accepted_at answer_by not_taken result to_do to_do_by ended_at erase_at erased_at drill",
    "matters.ReferralStep": "id referral kind unit at by_label",
    "matters.Report": "id matter text spot channel private code_hash nonce at by_label confirmed satisfied said_at",
    "matters.ReviewSession": "id week call prepared_at minutes ended_at by_label conclusions_made",
    "matters.Standing": "id place state drill n",
    "matters.StreetTally": "id place channel month kind detail drill n",
    "matters.SuggestionSwitch": "id on reason at",
    # Of the whole city: nobody's decisions are counted apart.
    "matters.SuggestionTally": "id month kind word n",
    "matters.Tally": "id place category channel unit month kind detail drill n",
    "posture.CommandConflict": "id prevails yields first last level other_level found_at",
    "posture.Declaration": "id number matter hazard level basis issuer measures starts_at expected_until decided_at ended_at end_reason drill",
    "posture.DeclarationStep": "id declaration kind level expected_until reason at by_label",
    "posture.DeclaredGround": "id declaration code first last",
    "posture.Measure": "id declaration kind title basis issuer first last starts_at expires_at review_at lifted_at extends drill",
    "posture.Posture": "id declaration kind level basis first last since until ended_at rank drill",
    "screening.Assignment": "id round team first last",
    "screening.Campaign": "id title basis unit form opened_at closed_at drill",
    "screening.CoverageSample": "id round place slot at doors settled visits",
    "screening.Coverage": "id round place doors not_home vacant_unknown vacant_known appointment language_help refused by_phone answered demolished presumed_vacant visits changed_at",
    "screening.Recount": "id round first last permille seed claimed drawn drawn_at closes_at",
    "screening.RecountDoor": "id recount place claimed team found came verdict at",
    "screening.RecountTally": "id recount place drawn same different unclear",
    "screening.Round": "id campaign number opened_at closes_at closed_at",
    "screening.Visit": "id round place team outcome happened_at received_at batch content",
    "screening.VisitConflict": "id visit_id content place team payload replaced received_at decided_at decided_by decision",
    "territory.Area": "id hierarchy code parent_code level name name_en valid_from valid_to synthetic",
    "territory.AreaRange": "id hierarchy code first last valid_from valid_to",
    "territory.Change": "id kind source valid_from at synthetic",
    "territory.Compound": "place name name_en kind doors has_screen synthetic",
    "territory.Denominator": "id hierarchy code kind value valid_from definition source synthetic",
    "territory.Door": "place building entrance label",
    "territory.Outline": "id hierarchy code valid_from geometry simplified source_datum source synthetic",
}
# The only fields that hold what a person is called: accounts, labels of passes, who acted, who answers for it.
NAMES = {
    "access.Account.display_name",
    "access.Account.email",
    "access.Account.username",
    "access.Pass.issued_by",
    "access.Pass.label",
    "command.Activation.activated_by",
    "command.Directive.named_person",
    "command.Directive.recalled_by",
    "command.Playbook.published_by",
    "deployment.Shift.filled_by",
    "desk.Admission.decided_by",
    "desk.TaskStep.by_label",
    "forms.ColumnOrder.by_label",
    "forms.FieldValues.by_label",
    "forms.Form.approved_by",
    "forms.FormDraft.approved_by",
    "forms.FormDraft.by_label",
    "forms.Submission.decided_by",
    "journal.Entry.by_label",
    "matters.Call.by_label",
    "matters.ContactLook.by_label",
    "matters.HandoverLook.by_label",
    "matters.MatterStep.by_label",
    "matters.ReferralStep.by_label",
    "matters.Report.by_label",
    "matters.ReviewSession.by_label",
    "matters.Sampling.by_label",
    "posture.DeclarationStep.by_label",
    "screening.VisitConflict.decided_by",
}


@pytest.fixture
def living(db: None) -> Living:
    return make_living()


def held() -> dict[str, str]:
    return {
        model._meta.label: " ".join(field.name for field in model._meta.get_fields() if field.concrete)
        for model in apps.get_models()
        if model.__module__.startswith("qipan.")
    }


def test_no_field_is_held_that_nobody_has_looked_at():
    """1, 4: denied by default; a door is a place, a visit has an outcome and no name."""
    assert held() == FIELDS


def test_no_field_describes_a_person():
    """1, 9: no score, tag, rank or track of anybody; a visit says which team was where, and not who."""
    fields = {f"{model}.{name}" for model, names in held().items() for name in names.split()}
    person = re.compile(
        r"(resident|person|household|phone|mobile|id_?card|identity|birth|age|gender|sex|ethnic|relig|health|illness"
        r"|score|credit|points?|tags?|face|photo|portrait|latitude|longitude|lat|lng|gps|track|position|whereabouts)$"
        r"|^(score|credit|face|gps|track|latitude|longitude)"
    )
    found = {field for field in fields if person.search(field.rpartition(".")[2])}
    # The leader who answers for a directive, by office; how many doors of a compound were answered by telephone; and
    # where a thing is that should be otherwise, which is nobody's whereabouts.
    assert found == {
        "command.Directive.named_person",
        "screening.Coverage.by_phone",
        "matters.Matter.longitude",
        "matters.Matter.latitude",
    }
    assert fields >= NAMES
    assert not {"account", "post", "worker", "visitor", "by", "by_label"} & set(FIELDS["screening.Visit"].split())


def test_no_name_in_the_source_is_of_scores_faces_or_rankings():
    """1, 9, 10: neither in the code nor on a page."""
    word = re.compile(
        r"\b(face_?(id|recognition|match)|facial|social_?credit|credit_?score|person_?score|reputation|leaderboard"
        r"|top_?workers?|worker_?(rank|score|count|stat)\w*|red_?code|health_?code|key_?person)\b",
        re.I,
    )
    files = [
        path
        for kind in ("*.py", "*.html", "*.po", "*.json")
        for path in SOURCE.rglob(kind)
        if "built" not in path.parts
    ]
    assert len(files) > 200
    assert [(path.name, found[0]) for path in files if (found := word.search(path.read_text("utf-8")))] == []


def test_no_count_is_by_account_or_pass():
    """9: nothing groups, counts or orders by who did it, in no query and on no page."""
    by = re.compile(
        r"(group by|order by|partition by)[^;\"']*\b(by_account|by_post|by_pass|account_id|post_id|pass_id)\b"
        r"|\.values\([^)]*\b(by_account|by_post|by_pass|account|pass_id)\b[^)]*\)\s*\.\s*annotate",
        re.I | re.S,
    )
    files = [path for kind in ("*.py", "*.sql") for path in SOURCE.rglob(kind) if "tests" not in path.parts]
    assert [str(path) for path in files if by.search(path.read_text("utf-8"))] == []


def test_no_search_finds_a_person(living):
    """5: the search knows places; names of accounts, posts and passes are not found by anybody."""
    searches = {route for route in addresses() if "search" in route}
    assert searches == {"api/search"}
    for member in MEMBERS:
        client = living.client(member)
        for q in ("排查一组01", "dispatcher", "city commander", "admin", living.cast.screener.pass_id):
            answer = client.get("/api/search", {"q": q})
            assert answer.status_code in (401, 403) or answer.json() == [], (member, q, answer.content)
    found = living.client("city_commander").get("/api/search", {"q": "锦江"}).json()
    assert found and {key for row in found for key in row} == {"code", "label", "within", "href"}


def test_where_a_worker_stands_is_not_kept(living):
    """9: what a device sends beyond the visit is dropped; no column could hold it."""
    door = rows("territory.Door").filter(place__range=range_of("510104001001001")).earliest("place").place
    visit = {
        "id": "018f0000-0000-7000-8000-000000000001",
        "round": living.keys["rounds.pk"],
        "place": f"{door:019d}",
        "outcome": "ANSWERED",
        "at": living.scene.at.isoformat(),
        "latitude": 30.657,
        "longitude": 104.066,
        "battery": 71,
    }
    answer = living.client("worker").post(
        "/api/visits", json.dumps({"visits": [visit]}), content_type="application/json"
    )
    assert answer.status_code == 200
    for name in ("screening.Visit", "screening.VisitConflict", "journal.Entry"):
        assert "104.066" not in str(list(rows(name).values()))


def test_the_administrator_sees_no_board(living):
    """Acts are divided: who manages accounts decides and watches nothing."""
    client = living.client("admin")
    for path in ("/board", "/board/5101", "/wall/5101", "/api/board/5101", "/desk", "/declarations", "/activations"):
        assert client.get(path).status_code == 403, path
    assert client.get(f"/directives/{living.keys['directives.pk']}").status_code == 404


def test_a_drill_is_not_counted_as_real(living):
    """15: what a drill opened stands beside the real figures, marked, never in them."""
    client = living.client("city_commander")
    real, drill = (client.get("/api/board/510104", {"drill": flag}).json() for flag in ("false", "true"))
    assert real != drill
    assert rows("desk.Task").filter(drill=True).exists()
    page = client.get(f"/activations/{living.keys['activations.pk']}").content.decode()
    assert "演练" in page


def test_no_route_takes_the_name_of_a_person():
    """5: nobody is looked up by name, number or account."""
    routes = " ".join(addresses())
    assert not re.search(r"<[^>]*(name|person|account|user|worker|resident)", routes)
    assert get_resolver()
