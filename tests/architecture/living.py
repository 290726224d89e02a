"""The tiny city with one of everything that an address can name: what the walks over all addresses need."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.timezone import localdate

from qipan.access.testing import POSTS, Cast
from qipan.command.actions.activations import activate_playbook
from qipan.command.actions.roster import set_watch
from qipan.command.api import get_playbook, seed_playbooks
from qipan.deployment.api import form_partner_teams, form_teams
from qipan.desk.api import apply_admission
from qipan.forms.actions.drafts import start_draft
from qipan.forms.actions.sources import Reads, add_source
from qipan.forms.api import Media, seed_forms, take_submission
from qipan.forms.testing import CODE, SURVEY, Filled, opened, publish
from qipan.gateways.actions.channels import add_channel
from qipan.gateways.actions.partners import add_partner, subscribe_partner
from qipan.kernel.actor import Actor
from qipan.kernel.ids import uuid7
from qipan.kernel.place import place_text, range_of
from qipan.laws.actions.rules import draft_rule, open_rule
from qipan.learning.actions.lessons import propose_lesson
from qipan.learning.actions.weaknesses import note_weakness
from qipan.matters.actions.importing import check_lines, import_lines, keep_draft
from qipan.matters.api import call_units, hand_over, prepare_session
from qipan.matters.input.mapping import packed, read_file
from qipan.matters.rules.importing import Rules
from qipan.matters.testing import Picture, make_world
from qipan.pages.testing import Scene, make_emergency
from qipan.posture.api import Declaration, declare, end_declaration
from qipan.reserves.testing import reserve_keys
from qipan.retention.api import (
    Certificate,
    DueLot,
    Hold,
    Purpose,
    Wish,
    approve_run,
    ask,
    carry_out,
    clock_actor,
    keep_purposes,
    own_by_code,
    place_hold,
    prepare_run,
    refresh_lots,
)
from qipan.screening.api import assign_doors, store_visits
from qipan.warnings.actions import issue_warning, receive_alert
from qipan.warnings.tests.conftest import FROM_OUTSIDE, storm
from qipan.zones.actions.rule_sets import publish_rule_set
from qipan.zones.tests.conftest import RULE

MEMBERS = ("anonymous", "stranger", "screener", *(name for name, _role, _unit in POSTS))
CITY = [range_of("5101")]


def addresses() -> dict[str, Callable[..., Any]]:
    """This function will return every address that the site answers, as it is written in ``urls.py``."""

    def walk(patterns: list[Any], before: str) -> Iterator[tuple[str, Callable[..., Any]]]:
        for pattern in patterns:
            route = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            else:
                assert isinstance(pattern, URLPattern)
                yield route, pattern.callback

    return dict(walk(get_resolver().url_patterns, ""))


@dataclass
class Living:
    """The city and the key of one living thing of each kind."""

    scene: Scene
    keys: dict[str, Any] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)  # rows of each table, to compare with later

    @property
    def cast(self) -> Cast:
        return self.scene.cast

    def address(self, route: str) -> str:
        """This method will fill a route: ``/directives/<int:pk>`` becomes ``/directives/12``."""
        part = route.removeprefix("api/").partition("/<")[0]
        kind = part.split("/")[0]

        def fill(match: re.Match[str]) -> str:
            name = match[1].split(":")[-1]
            known = (key for key in (f"{part}.{name}", f"{kind}.{name}", name) if key in self.keys)
            return str(self.keys.get(next(known, name)))

        return "/" + re.sub(r"<([^>]+)>", fill, route)

    def client(self, member: str, *, csrf: bool = False) -> Client:
        client = self.cast.client(member, csrf=csrf)
        client.raise_request_exception = False
        return client


def model(name: str) -> Any:
    return apps.get_model(*name.split("."))


def rows(name: str) -> Any:
    """This function will return all rows of a model, scoped or not."""
    objects = model(name).objects
    return objects.everywhere("a test") if hasattr(objects.all(), "everywhere") else objects.all()


def make_living() -> Living:
    """This function will open one of everything in the tiny city, at the present hour."""
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    scene = make_emergency(at=at)
    cast, by = scene.cast, scene.cast.city_commander
    planner = Actor.system("plan", acts=["playbook.edit", "admission.decide"], ranges=CITY)
    seed_forms(cast.unit("5101:lead-body"), by=planner, at=at - timedelta(days=1))
    seed_playbooks(by=planner, at=at - timedelta(days=1))
    form_teams(
        units=[cast.unit("510104001001:community")], per_doors=10, stands_down_at=at + timedelta(days=5), by=by, at=at
    )
    assign_doors(scene.round, by=by, at=at)
    scene.visit("510104001001001", "ANSWERED", 3)
    _conflict(scene)
    exercise = declare(
        number="DRILL-1",
        matter="Exercise",
        hazard="epidemic",
        level=1,
        basis="annual exercise plan",
        issuer=cast.unit("5101:city-command"),
        ground_codes=["510104"],
        starts_at=at,
        expected_until=at + timedelta(days=20),
        measures=["screening"],
        by=by,
        at=at,
        drill=True,
    )
    activation = activate_playbook(
        get_playbook("epidemic-emergency"), ground_codes=["510104"], declaration=exercise, by=by, at=at
    )
    (watch,) = set_watch(
        cast.unit("5101:city-command"),
        post="duty commander",
        line="12345",
        starts_at=at,
        ends_at=at + timedelta(hours=8),
        by=by,
        at=at,
    )
    applied = apply_admission(
        title="Count the trees",
        basis="annual plan",
        minutes_per_unit=10,
        valid_from=at,
        valid_to=at + timedelta(days=9),
        by=cast.department,
        at=at,
    )
    world = make_world(cast)
    call = call_units(
        world.matter("FILED"),
        units=[cast.unit("5101:health")],
        what="Meet at the wall",
        meets_where="east gate",
        meets_at=at + timedelta(days=2),
        by=cast.dispatcher,
        at=at + timedelta(minutes=5),
    )
    session = prepare_session(by=cast.lead, at=at)
    handed = hand_over(
        purpose="DISEASE",
        receiver=cast.unit("5101:health"),
        door=rows("territory.Door").filter(place__range=range_of("510104001001001")).earliest("place").place,
        need="FEVER",
        ground="AGREED",
        nonce="slip",
        by=cast.worker,
        at=at,
    )
    told = world.reported(text="Nobody's words", photos=[Picture(b"\xff\xd8", 1, 1)])
    dispatcher_task = rows("desk.Task").filter(owner__code="510104001:street-office", drill=False).first()
    partner, _key = add_partner(name="Example app", by=cast.admin, at=at)
    hook = subscribe_partner(
        partner, url="https://partner.example/hook", kinds=["request.closed"], by=cast.admin, at=at
    )
    channel = add_channel(
        cast.unit("510104001001:community"), name="Group", url="dingtalk://a-token-of-nobody", kinds=["LATE"],
        by=cast.admin, at=at,
    )  # fmt: skip
    # It was given up long ago, and what it said is forgotten: nothing of it can be sent again.
    given_up = rows("journal.Message").create(
        channel="apprise", key="notice:forgotten", payload={}, created_at=at, not_before=at, attempts=6
    )
    batch = _imported(cast, at)
    draft = keep_draft("matters.csv", packed(b"what,where\nlight,gate\n"), by=cast.lead, at=datetime.now(UTC))
    rows("matters.ImportDraft").filter(pk=draft.pk).update(id=batch.pk)  # one address names a draft, then its import
    again = rows("screening.Recount").create(
        round=scene.round, first=0, last=1, permille=20, seed="0" * 32, claimed=1, drawn=1,
        drawn_at=at, closes_at=at + timedelta(days=3),
    )  # fmt: skip
    zone_rule = publish_rule_set(RULE, by=cast.city_commander, at=at)
    disputed = _forms(cast)
    source = add_source(
        "compound_heating",
        Reads("Heating", "https://register.example/heating.csv", "CSV", "place", "heating", "DAILY"),
        by=cast.lead,
        at=at,
    )
    form_draft = start_draft(
        code="trees",
        file_name="trees.csv",
        source=b"survey\n,type,name,label,qipan_field\n,text,language,Language,visit_language\n",
        by=cast.department,
        at=at,
    )
    rule = draft_rule(
        title="E-bikes",
        text="Draft",
        major=False,
        place=cast.department.scope.ranges[0].first,
        by=cast.department,
        at=at,
    )
    rule = open_rule(
        rule,
        opens_on=localdate(at),
        closes_on=localdate(at) + timedelta(days=9),
        by=cast.department,
        at=at,
    )
    held, hold, wish = _destruction(cast, told.code)
    keep_purposes(at=at)
    keys = {
        **reserve_keys(cast),
        "retention/runs.pk": held.run_id,
        "retention/runs.act": "refuse",
        "retention/holds.pk": hold.pk,
        "retention/wishes.pk": wish.pk,
        "certificates.number": held.number,
        "my-data.code": told.code,
        "privacy.pk": Purpose.objects.earliest("pk").pk,
        "my-data.act": "wish",
        "forms.code": "door-screening",
        "forms/drafts.pk": form_draft.pk,
        "forms/drafts.act": "approve",
        "code": "510104",
        "token": cast.screener_pass.token,
        "batch": cast.screener_pass.issued.batch,
        "number": 1,
        "version": 1,
        "listing": "left",
        "duties.kind": "csv",
        "laws.kind": "csv",
        "rules.pk": rule.pk,
        "rules/office.act": "end",
        "laws.code": "erl-2024-72",
        "burden.kind": "csv",
        "duties.code": "noise",
        "access.pk": cast.post("neighbour_worker").pk,
        "desk.pk": dispatcher_task.pk,
        "what": "object",
        "act": "level",
        "admissions.pk": applied.pk,
        "declarations.pk": exercise.pk,
        "zones/rules.pk": zone_rule.pk,
        "identifier": issue_warning(**storm(cast)).identifier,
        "warnings/received.pk": receive_alert(FROM_OUTSIDE, by=cast.city_commander, at=cast.at).pk,
        "public.kind": "atom",
        "measures.pk": rows("posture.Measure").filter(drill=False).earliest("pk").pk,
        "measures.act": "extend",
        "orders.number": rows("posture.Measure").filter(drill=False).earliest("pk").number,
        "size": "a4",
        "forces/partners.pk": _partner(cast),
        "shifts.pk": rows("deployment.Shift").filter(drill=False, filled_at=None).earliest("pk").pk,
        "campaigns.pk": scene.round.campaign_id,
        "rounds.pk": scene.round.pk,
        "recounts.pk": rows("screening.RecountDoor")
        .create(
            recount=again,
            place=rows("territory.Door").filter(place__range=range_of("510104001001")).earliest("place").place,
            claimed=8,
            team=rows("deployment.Team").earliest("first"),
        )
        .pk,
        "conflicts.pk": rows("screening.VisitConflict").get().pk,
        "directives.pk": scene.directive.pk,
        "playbooks.code": "epidemic-emergency",
        "activations.pk": activation.pk,
        "releases.pk": exercise.pk,
        "roster.pk": watch.pk,
        "events.pk": _ended(cast).pk,
        "events.act": "task",
        "lessons.pk": _lesson(cast).pk,
        "weaknesses.pk": _weakness(cast).pk,
        "readiness.code": "510104001001",
        "matters.pk": told.matter.pk,
        "matters.act": "decline",
        "matters/imports.pk": batch.pk,
        "matters/exclusions.pk": batch.pk,
        "matters.number": rows("matters.Photo").get().pk,
        "calls.pk": call.pk,
        "calls.act": "end",
        "reviews.pk": session.pk,
        "reviews.act": "conclude",
        "referrals.pk": handed.referral.pk,
        "referrals.act": "decline",
        "referred.code": handed.code,
        "kind": "csv",
        "track.code": told.code,
        "track.word": "confirmed",
        "open311.form": "json",
        "open311.code": told.matter.category.code,
        "open311.number": told.matter.number,
        "open311.token": told.code,
        "openrosa.code": CODE,
        "openrosa.file": "list.csv",
        "forms/disputes.pk": disputed,
        "field/forms.code": CODE,
        "forms/fields.code": "compound_heating",
        "forms/fields/sources.pk": source.pk,
        "forms/fields/sources.act": "change",
        "partners.pk": partner.pk,
        "partners.act": "subscribe",
        "subscriptions.pk": hook.pk,
        "subscriptions.act": "praise",  # what has no body cannot be sent nonsense
        "notices.pk": channel.pk,
        "notices.act": "kinds",
        "notices/again.pk": given_up.pk,
        "cards.pk": activation.items.filter(kind="CARD").earliest("order").pk,
    }
    return Living(scene, keys)


def _ended(cast: Cast) -> Declaration:
    """An exercise that is over, whose review waits for the lead body."""
    declaration = declare(
        number="DRILL-2",
        matter="Exercise that is over",
        hazard="flood",
        level=4,
        basis="annual exercise plan",
        issuer=cast.unit("5101:city-command"),
        ground_codes=["510104"],
        starts_at=cast.at,
        expected_until=cast.at + timedelta(days=2),
        measures=["patrols"],
        by=cast.city_commander,
        at=cast.at,
        drill=True,
    )
    return end_declaration(declaration, reason="over", by=cast.city_commander, at=cast.at + timedelta(minutes=5))


def _lesson(cast: Cast) -> Any:
    return propose_lesson(
        title="Ring first", text="Ring before you climb", playbook="flood", by=cast.dispatcher, at=cast.at
    )


def _imported(cast: Cast, at: datetime) -> Any:
    """A matter of another system that was declined there: a second person decides whether it leaves the rates."""
    table = read_file(b"category,place,reported,state,closing\n01003,510104001001,2025-03-01,ENDED,UNLAWFUL\n")
    rules = Rules(columns={name: (name,) for name in table.header})
    checked = check_lines(table.header, table.lines, mapping="old", rules=rules, by=cast.lead, at=at)
    how = {"name": "matters.csv", "sha256": table.sha256, "mapping": "old", "rules": rules}
    return import_lines(checked, **how, by=cast.lead, at=at)


def _partner(cast: Cast) -> int:
    """The team of volunteers in a compound of the worker's community."""
    volunteers, place = cast.unit("510104001:volunteer-group"), range_of("510104001001001").first
    until = cast.at + timedelta(days=5)
    form_partner_teams(volunteers, places=[place], stands_down_at=until, by=cast.worker, at=cast.at)
    return int(rows("deployment.Team").get(unit=volunteers).pk)


def _weakness(cast: Cast) -> Any:
    """A weakness that the street of the dispatcher mends."""
    return note_weakness(
        title="No second line",
        owner_id=cast.unit("510104001:street-office").pk,
        due_on=localdate(cast.at) + timedelta(days=30),
        by=cast.worker,
        at=cast.at,
    )


def _destruction(cast: Cast, code: str) -> tuple[Certificate, Hold, Wish]:
    """A destruction with its certificate, a hold, and what a reporter asks about own data."""
    at = cast.at + timedelta(days=200)
    rows("access.Pass").create(
        serial=uuid7(), role=cast.post("worker").role, unit=cast.unit("510104001001:community"), label="old", first=0,
        last=0, issued_at=at - timedelta(days=900), expires_at=at - timedelta(days=800), issued_by="seed", batch="old",
        line=1,
    )  # fmt: skip
    refresh_lots(at=at)
    lot = DueLot.objects.filter(model="access.Pass").exclude(due=None).earliest("due")
    hold = place_hold(
        DueLot.objects.get(model="screening.Visit"), area="510104", assessment="A-1", why="a case",
        until=at + timedelta(days=900), by=cast.lead, at=cast.at,
    )  # fmt: skip
    run = prepare_run(lots=[lot.pk], reason="over", backups_listed=True, by=cast.city_commander, at=at)
    carry_out(approve_run(run, by=cast.lead, at=at), by=clock_actor(), at=at)
    wish = ask(own_by_code(code, at=cast.at), kind="DELETE", words="", by=cast.city_commander, at=cast.at)
    return Certificate.objects.get(), hold, wish


def _conflict(scene: Scene) -> None:
    """Two contents under one id, which a person decides."""
    door = rows("territory.Door").filter(place__range=range_of("510104001001002")).earliest("place").place
    visit = {"id": str(uuid7()), "round": scene.round.pk, "place": place_text(door), "at": scene.at.isoformat()}
    for outcome in ("ANSWERED", "NOT_HOME"):
        body = json.dumps({"sent_at": scene.at.isoformat(), "visits": [{**visit, "outcome": outcome}]}).encode()
        store_visits(body, by=scene.visitor, at=scene.at)


def _forms(cast: Cast) -> int:
    """A form with a file that clients fill, and two contents under one id; returns the key of the second."""
    choice = ["select_one_from_file list.csv", "ward", "片区", "Ward", "", "", ""]
    listed = Media("list.csv", b"name,label\na,A\n")
    opened(cast, publish(cast, number="QP-77", survey=[*SURVEY[:6], choice, *SURVEY[6:]], media=(listed,)))
    first = Filled()
    for filled in (first, Filled(id=first.id, people="4", more="<why>Nobody's words</why>")):
        take_submission(filled.xml(), by=cast.screener, at=cast.at)
    return int(rows("forms.Submission").get(standing="DISPUTED").pk)


WRITES = re.compile(
    r'\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM|WITH\b.*?\b(?:INSERT INTO|UPDATE|DELETE FROM))\s+"?(\w+)',
    re.I | re.S,
)


@contextmanager
def watching() -> Iterator[list[str]]:
    """This context will collect the tables that are written to inside it."""
    written: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = WRITES.match(sql)
        if found:
            written.append(found[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield written


def counts() -> dict[str, int]:
    """This function will return how many rows each table holds."""
    held = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
            held[table] = cursor.fetchone()[0]
    return held
