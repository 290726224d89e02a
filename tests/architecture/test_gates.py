"""Every address, every member of the cast: who is let in, what is refused, and that reading writes nothing.

A new address fails here until it is listed with the acts that open it.
"""

import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from .living import MEMBERS, Living, addresses, make_living, watching

pytestmark = pytest.mark.django_db
PUBLIC = "*"  # for everyone, signed in or not
SIGNED_IN = ""  # for everyone who is signed in
PASS = "pass"  # by a pass in the address or the header alone: no session and no cookie counts, so none can be misused
DESTROYERS = "destruction.prepare destruction.approve destruction.hold journal.verify"
LENDING = "reserve.lend reserve.call reserve.view"
STORING = "store.keep reserve.view"
PLANNING = "playbook.edit playbook.activate release.run board.view"


@dataclass(frozen=True)
class Gate:
    """The acts of which one opens an address, for reading and for writing; None where it does not take the method."""

    get: str | None = None
    post: str | None = None


GATES = {
    "i18n/setlang/": Gate(PUBLIC, PUBLIC),
    "accounts/login/": Gate(PUBLIC, PUBLIC),
    "accounts/logout/": Gate(PUBLIC, PUBLIC),
    "accounts/inactive/": Gate(PUBLIC),
    "p/<str:token>": Gate(PUBLIC, PUBLIC),
    "p/<str:token>/stay": Gate(None, PUBLIC),  # the link is the volunteer's own key
    "access/leave": Gate(None, PUBLIC),
    "accounts/password/change/": Gate(SIGNED_IN, SIGNED_IN),
    "access/post": Gate(SIGNED_IN, SIGNED_IN),
    "access/passes": Gate("pass.issue"),
    "access/passes/enrol": Gate("pass.issue", "pass.issue"),
    "access/passes/revoke": Gate(None, "pass.issue"),
    "access/passes/lists/<slug:batch>": Gate("pass.issue"),
    "access/passes/lists/<slug:batch>/sheet/<int:number>": Gate("pass.issue"),
    "access/passes/lists/<slug:batch>/links.csv": Gate("pass.issue"),
    "access/accounts": Gate("account.manage", "account.manage"),
    "access/accounts/posts/<int:pk>/end": Gate(None, "account.manage"),
    "api/desk/receipts": Gate(None, "task.answer"),
    "api/desk/inbox": Gate("desk.view"),
    "desk": Gate("desk.view"),
    "desk/list": Gate("desk.view"),
    "desk/answer": Gate(None, "task.answer"),
    "desk/tasks/<int:pk>": Gate("desk.view"),
    "desk/tasks/<int:pk>/<slug:what>": Gate(None, "desk.view"),
    "desk/admissions": Gate(SIGNED_IN),
    "admissions": Gate(PUBLIC, "admission.apply"),  # what is asked of communities, and on which basis
    "burden": Gate(SIGNED_IN),
    "burden.<slug:kind>": Gate(SIGNED_IN),
    "terminals": Gate(SIGNED_IN),
    "terminals.csv": Gate(SIGNED_IN),
    "terminals/<slug:act>": Gate(None, "task.answer admission.decide"),
    "signs": Gate(SIGNED_IN),
    "signs/<slug:act>": Gate(None, "task.answer admission.decide"),
    "admissions/<int:pk>/decide": Gate(None, "admission.decide"),
    "laws": Gate("board.view desk.view law.edit", "law.edit"),
    "laws/new": Gate("law.edit", "law.edit"),
    "laws/register.<slug:kind>": Gate("board.view desk.view law.edit"),
    "laws/articles/<slug:code>": Gate("board.view desk.view law.edit", "law.edit"),
    "rules": Gate(PUBLIC),  # a resident reads drafts and comments on them without a log-in
    "rules/<int:pk>": Gate(PUBLIC, PUBLIC),
    "rules/office": Gate("rule.edit rule.adopt", "rule.edit"),
    "rules/office/<int:pk>": Gate("rule.edit rule.adopt"),
    "rules/office/<int:pk>/<slug:act>": Gate(None, "rule.edit rule.adopt"),
    "duties": Gate("board.view desk.view duty.edit"),
    "duties/import": Gate(None, "duty.edit"),
    "duties/lists.<slug:kind>": Gate("board.view desk.view duty.edit"),
    "duties/items/<slug:code>": Gate("board.view desk.view duty.edit", "duty.edit"),
    "forms": Gate("desk.view board.view"),
    "forms/new": Gate("form.design", "form.design"),
    "forms/template.xlsx": Gate("form.design"),
    "forms/drafts/<int:pk>": Gate("form.design form.approve admission.decide playbook.edit"),
    "forms/drafts/<int:pk>/source": Gate("form.design form.approve admission.decide playbook.edit"),
    "forms/drafts/<int:pk>/<slug:act>": Gate(None, "form.design form.approve admission.decide playbook.edit"),
    "forms/fields": Gate("desk.view board.view form.design", "field.edit"),
    "forms/fields/values": Gate(None, "field.edit"),
    "forms/fields/sources": Gate("field.edit"),  # and the unit that owns a field of a register
    "forms/fields/sources/new": Gate("field.edit", "field.edit"),
    "forms/fields/sources/<int:pk>": Gate("field.edit"),
    "forms/fields/sources/<int:pk>/<slug:act>": Gate(None, "field.edit"),
    "forms/fields/<slug:code>/values.<slug:kind>": Gate("desk.view board.view form.design"),
    "forms/fields.<slug:kind>": Gate("desk.view board.view form.design"),
    "forms/<slug:code>": Gate("desk.view board.view form.design"),
    "forms/<slug:code>/source": Gate("desk.view board.view form.design"),
    "forms/<slug:code>/answers": Gate("desk.view campaign.view visit.submit", "desk.view"),
    "forms/<slug:code>/answers/look": Gate(None, "desk.view campaign.view visit.submit"),
    "forms/<slug:code>/answers.<slug:kind>": Gate("desk.view campaign.view visit.submit"),
    "forms/disputes": Gate("conflict.decide"),
    "forms/disputes/<int:pk>/decide": Gate(None, "conflict.decide"),
    "forms/disputes/<int:pk>/choose": Gate(None, "conflict.decide"),
    "forms/disputes/<int:pk>/held": Gate(None, "conflict.decide"),
    "declarations": Gate("board.view"),
    "declarations/new": Gate("declaration.issue", "declaration.issue"),
    "declarations/<int:pk>": Gate("board.view"),
    "declarations/<int:pk>/<slug:act>": Gate(None, "declaration.issue"),
    "measures": Gate("board.view desk.view"),
    "measures/new": Gate("measure.impose", "measure.impose"),
    "measures/<int:pk>": Gate("board.view desk.view"),
    "measures/<int:pk>/<slug:act>": Gate(None, "measure.impose release.run"),
    "orders/<slug:number>": Gate(PUBLIC),  # whoever is restricted reads the order without log-in
    "orders/<slug:number>/sheet/<slug:size>": Gate(PUBLIC),
    "zones": Gate("board.view"),
    "zones/areas/<str:code>": Gate("board.view"),
    "zones/areas/<str:code>/confirm": Gate(None, "zone.confirm"),
    "zones/proposals": Gate("zone.confirm"),
    "zones/proposals/confirm": Gate(None, "zone.confirm"),
    "zones/counts": Gate("zone.count", "zone.count"),
    "zones/rules": Gate("board.view", "zone.rule"),
    "zones/rules/<int:pk>/end": Gate(None, "zone.rule"),
    "zones/compare": Gate("board.view"),
    "warnings": Gate("board.view"),
    "warnings/new": Gate("warning.issue", "warning.issue"),
    "warnings/received": Gate("warning.issue", "warning.issue"),
    "warnings/received/<int:pk>": Gate("warning.issue", "warning.issue"),
    "warnings/one/<slug:identifier>": Gate("board.view"),
    "warnings/one/<slug:identifier>/update": Gate("warning.issue", "warning.issue"),
    "warnings/one/<slug:identifier>/cancel": Gate(None, "warning.issue"),
    "public/warnings": Gate(PUBLIC),  # whoever is in the area must know
    "public/warnings.<str:kind>": Gate(PUBLIC),
    "public/warnings/<slug:identifier>.xml": Gate(PUBLIC),
    "public/forms/<slug:code>": Gate(PUBLIC),  # who is asked may know who asks, and may refuse
    "public/zones": Gate(PUBLIC),  # a level belongs to a place, and whoever lives there may know it
    "retention": Gate(DESTROYERS),
    "retention/prepare": Gate(None, "destruction.prepare"),
    "retention/holds": Gate(None, "destruction.hold"),
    "retention/holds/<int:pk>/lift": Gate(None, "destruction.hold"),
    "retention/backups": Gate(None, "destruction.prepare"),
    "retention/runs/<int:pk>": Gate(DESTROYERS),
    "retention/runs/<int:pk>/<slug:act>": Gate(None, "destruction.approve"),
    "retention/wishes": Gate("task.answer"),
    "retention/wishes/<int:pk>": Gate("task.answer", "task.answer"),
    "privacy": Gate(PUBLIC),
    "privacy/<int:pk>": Gate("law.edit", "law.edit"),
    "certificates": Gate(PUBLIC),
    "certificates/key.pem": Gate(PUBLIC),
    "certificates/<slug:number>": Gate(PUBLIC),
    "certificates/<slug:number>.json": Gate(PUBLIC),
    "my-data": Gate(PUBLIC, PUBLIC),  # by the code that a person holds already
    "my-data/account": Gate(SIGNED_IN),
    "my-data/<str:code>": Gate(PUBLIC),
    "my-data/<str:code>/<slug:act>": Gate(None, PUBLIC),
    "forces/companies": Gate("team.manage desk.view register.edit", "contact.keep"),
    "forces/companies/register": Gate("register.edit", "register.edit"),
    "forces/partners": Gate("team.manage", "team.manage"),
    "forces/partners/<int:pk>/end": Gate(None, "team.manage"),
    "forces/partners/<int:pk>/passes": Gate(None, "pass.issue"),
    "forces/roster": Gate("team.manage board.view desk.view", "team.manage task.answer"),
    "forces": Gate("team.manage board.view desk.view"),
    "shifts/<int:pk>/fill": Gate(None, "task.answer team.manage"),
    "report": Gate(PUBLIC, PUBLIC),  # a resident needs no log-in to report, follow and confirm
    "report/places": Gate(PUBLIC),
    "report/outlines": Gate(PUBLIC),
    "report/similar": Gate(None, PUBLIC),
    "track": Gate(PUBLIC, PUBLIC),
    "track/<str:code>": Gate(PUBLIC),
    "track/<str:code>/<slug:word>": Gate(None, PUBLIC),
    "public/matters": Gate(PUBLIC),
    "matters": Gate("matter.view"),
    "matters/map": Gate("matter.view"),
    "matters/new": Gate("matter.report", "matter.report"),
    "matters/figures": Gate("matter.view"),
    "matters/figures.<slug:kind>": Gate("matter.view"),
    "matters/catalogue": Gate("matter.view", "matter.catalogue"),
    "matters/catalogue.<slug:kind>": Gate("matter.view"),
    "matters/<int:pk>": Gate("matter.view"),  # and whose unit has an open part in it, of that part alone
    "matters/<int:pk>/photos/<int:number>": Gate("matter.view"),
    "matters/<int:pk>/<slug:act>": Gate(None, "matter.view"),
    "matters/<int:pk>/call": Gate("matter.dispatch matter.arbitrate", "matter.dispatch matter.arbitrate"),
    "matters/<int:pk>/hazard": Gate("matter.view", "matter.dispatch matter.verify"),
    "matters/imports": Gate("matter.import", "matter.import"),
    "matters/imports/<int:pk>": Gate("matter.import", "matter.import"),
    "matters/imports/<int:pk>/undo": Gate(None, "matter.import"),
    "matters/suggestions": Gate("matter.view", "matter.catalogue"),
    "matters/rechecks": Gate("matter.view", "matter.arbitrate"),
    "matters/exclusions": Gate("matter.view"),
    "matters/exclusions/<int:pk>": Gate("matter.view", "matter.arbitrate"),
    "matters/<int:pk>/recheck": Gate("matter.view", "matter.verify"),
    "matters/patterns": Gate("matter.dispatch matter.arbitrate"),
    "calls": Gate("matter.view"),
    "calls/new": Gate("matter.dispatch", "matter.dispatch"),
    "calls/<int:pk>": Gate("matter.view"),  # as for a matter
    "calls/<int:pk>/<slug:act>": Gate(None, "matter.view"),
    "hazards": Gate("matter.view"),
    "referrals": Gate("referral.make"),
    "referrals/new": Gate("referral.make", "referral.make"),
    "referrals/<int:pk>": Gate("referral.make"),
    "referrals/<int:pk>/<slug:act>": Gate(None, "referral.make"),
    "referred/<str:code>": Gate(PUBLIC, PUBLIC),  # by the code on the person's own slip
    "reserves": Gate(LENDING),
    "reserves/offers/new": Gate("reserve.lend", "reserve.lend"),
    "reserves/offers/<int:pk>/withdraw": Gate(None, "reserve.lend"),
    "reserves/agreements/new": Gate("reserve.call", "reserve.call"),
    "reserves/agreements/<int:pk>": Gate(LENDING),
    "reserves/agreements/<int:pk>/call": Gate("reserve.call", "reserve.call"),
    "reserves/agreements/<int:pk>/<slug:act>": Gate(None, "reserve.lend"),
    "reserves/requisitions/new": Gate("reserve.requisition", "reserve.requisition"),
    "reserves/calls/<int:pk>": Gate(LENDING),
    "reserves/calls/<int:pk>/<slug:act>": Gate(None, "reserve.lend reserve.call"),
    "reserves/sheets/<int:pk>": Gate(LENDING),
    "reserves/sheets/<int:pk>/<slug:act>": Gate(None, "reserve.lend reserve.call"),
    "stores": Gate(STORING, "store.keep"),
    "stores.csv": Gate(STORING),
    "stores/import": Gate(None, "store.keep"),
    "stores/<int:pk>": Gate(STORING),
    "stores/<int:pk>/<slug:act>": Gate(None, "store.keep"),
    "stores/handouts/<int:pk>/back": Gate(None, "store.keep"),
    "reserves/orders/<slug:number>": Gate(PUBLIC),  # as for measures: whoever is affected reads the order
    "reviews": Gate("matter.arbitrate", "matter.arbitrate"),
    "reviews/<int:pk>": Gate("matter.view"),
    "reviews/<int:pk>/<slug:act>": Gate(None, "matter.arbitrate"),
    "api/visits": Gate(None, "visit.submit"),
    "campaigns": Gate("campaign.view"),
    "campaigns/open": Gate(None, "campaign.open"),
    "campaigns/<int:pk>": Gate("campaign.view"),
    "campaigns/<int:pk>/close": Gate(None, "campaign.open"),
    "campaigns/<int:pk>/rounds": Gate(None, "campaign.open"),
    "rounds/<int:pk>/close": Gate(None, "campaign.open"),
    "rounds/<int:pk>/late": Gate("campaign.view"),
    "rounds/<int:pk>/left.csv": Gate("campaign.view"),
    "rounds/<int:pk>/recount": Gate(None, "campaign.open"),
    "recounts": Gate("visit.submit"),
    "recounts/<int:pk>": Gate(None, "visit.submit"),
    "conflicts": Gate("conflict.decide"),
    "conflicts/<int:pk>": Gate(None, "conflict.decide"),
    "directives": Gate(SIGNED_IN),  # holds what the post may read, for many nothing
    "directives/new": Gate("directive.issue", "directive.issue"),
    "directives/areas": Gate("directive.issue playbook.activate"),
    "directives/reach": Gate(None, "directive.issue"),
    "directives/<int:pk>": Gate("board.view desk.view"),
    "directives/<int:pk>/revise": Gate(None, "board.view desk.view"),
    "directives/<int:pk>/recall": Gate(None, "board.view desk.view"),
    "directives/<int:pk>/unread": Gate("board.view desk.view"),
    "directives/<int:pk>/unread.csv": Gate("board.view desk.view"),
    "directives/<int:pk>/sheet": Gate("board.view desk.view"),
    "directives/<int:pk>/sign": Gate("task.answer", "task.answer"),
    "playbooks": Gate(PLANNING),
    "playbooks/<slug:code>": Gate(PLANNING),
    "playbooks/<slug:code>/edit": Gate("playbook.edit", "playbook.edit"),
    "playbooks/<slug:code>/<int:version>": Gate(PLANNING),
    "activations": Gate(PLANNING),
    "activations/new": Gate("playbook.activate", "playbook.activate"),
    "activations/<int:pk>": Gate(PLANNING),
    "activations/<int:pk>/resume": Gate(None, "playbook.activate"),
    "activations/<int:pk>/release": Gate(None, "release.run"),
    "activations/<int:pk>/hand-over": Gate(None, "release.run"),
    "activations/<int:pk>/score": Gate(PLANNING),
    "events": Gate("board.view"),
    "events/<int:pk>": Gate("board.view"),
    "events/<int:pk>/report": Gate("board.view"),
    "events/<int:pk>/review": Gate("board.view"),
    "events/<int:pk>/review/<slug:act>": Gate(None, "review.lead"),
    "lessons": Gate("lesson.propose review.lead playbook.edit", "lesson.propose"),
    "lessons/<int:pk>": Gate("lesson.propose review.lead playbook.edit"),
    "lessons/<int:pk>/decide": Gate(None, "review.lead"),
    "lessons/<int:pk>/publish": Gate("playbook.edit", "playbook.edit"),
    "weaknesses": Gate("lesson.propose review.lead task.answer", "lesson.propose"),
    "weaknesses/<int:pk>": Gate("lesson.propose review.lead task.answer", "task.answer review.lead"),
    "readiness": Gate("board.view"),
    "readiness/<str:code>": Gate("board.view"),
    "readiness/<str:code>/stock": Gate("board.view", "provision.keep"),
    "releases/<int:pk>": Gate(PLANNING),
    "releases/<int:pk>/lines.csv": Gate(PLANNING),
    "releases/<int:pk>/run": Gate(None, "release.run"),
    "releases/<int:pk>/hand-over": Gate(None, "release.run"),
    "roster": Gate("board.view team.manage"),
    "roster/new": Gate(None, "team.manage"),
    "roster/<int:pk>/cancel": Gate(None, "team.manage"),
    "roster/<int:pk>/hand-over": Gate(None, "team.manage"),
    "cards/<int:pk>": Gate(PLANNING),
    "": Gate(SIGNED_IN),
    "board": Gate("board.view"),
    "around/<str:code>": Gate("board.view desk.view"),
    "board/<str:code>": Gate("board.view"),
    "board/<str:code>/rows/<str:listing>": Gate("board.view"),
    "wall": Gate("wall.view"),
    "wall/<str:code>": Gate("wall.view"),
    "field": Gate("visit.submit"),
    "field/worker.js": Gate(PUBLIC),
    "field/forms": Gate("visit.submit"),
    "field/leave": Gate(SIGNED_IN),
    "field/orders": Gate("visit.submit"),
    "field/lists": Gate("team.manage"),
    "field/doors.csv": Gate("visit.submit"),
    "field/paper": Gate("visit.submit", "visit.submit"),
    "field/forms/<slug:code>/paper": Gate("visit.submit"),
    "field/visits": Gate("visit.submit"),
    "field/app.webmanifest": Gate(PUBLIC),
    "open311/v2/discovery.<slug:form>": Gate(PUBLIC),
    "open311/v2/services.<slug:form>": Gate(PUBLIC),
    "open311/v2/services/<slug:code>.<slug:form>": Gate(PUBLIC),
    "open311/v2/requests.<slug:form>": Gate(PUBLIC),  # reporting needs a key
    "open311/v2/requests/<slug:number>.<slug:form>": Gate(PUBLIC),
    "open311/v2/tokens/<slug:token>.<slug:form>": Gate(PUBLIC),
    "openrosa/formList": Gate(PASS),
    "openrosa/forms/<slug:code>/form.xml": Gate(PASS),
    "openrosa/forms/<slug:code>/manifest": Gate(PASS),
    "openrosa/forms/<slug:code>/media/<str:file>": Gate(PASS),
    "openrosa/submission": Gate(None, PASS),
    "openrosa/key/<str:token>/formList": Gate(PASS),
    "openrosa/key/<str:token>/forms/<slug:code>/form.xml": Gate(PASS),
    "openrosa/key/<str:token>/forms/<slug:code>/manifest": Gate(PASS),
    "openrosa/key/<str:token>/forms/<slug:code>/media/<str:file>": Gate(PASS),
    "openrosa/key/<str:token>/submission": Gate(None, PASS),
    "partners": Gate("partner.manage"),
    "partners/endpoint": Gate(None, "partner.manage"),
    "partners/add": Gate(None, "partner.manage"),
    "partners/<int:pk>/<slug:act>": Gate(None, "partner.manage"),
    "subscriptions/<int:pk>/<slug:act>": Gate(None, "partner.manage"),
    "notices": Gate("partner.manage"),
    "notices/add": Gate(None, "partner.manage"),
    "notices/<int:pk>/<slug:act>": Gate(None, "partner.manage"),
    "notices/again/<int:pk>": Gate(None, "partner.manage"),
    "api/openapi.json": Gate(PUBLIC),  # which calls there are, and no data
    "api/docs": Gate(PUBLIC),
    "api/": Gate(PUBLIC),
    "api/<path:rest>": Gate(PUBLIC),  # nothing: a refusal in JSON
    "api/desk/tasks": Gate("desk.view"),
    "api/desk/counts": Gate("desk.view"),
    "api/desk/tasks/<pk>": Gate("desk.view"),
    "api/admissions": Gate(SIGNED_IN, "admission.apply"),
    "api/admissions/<pk>/decision": Gate(None, "admission.decide"),
    "api/declarations": Gate(None, "declaration.issue"),
    "api/declarations/<pk>": Gate("board.view desk.view"),
    "api/declarations/<pk>/level": Gate(None, "declaration.issue"),
    "api/declarations/<pk>/extend": Gate(None, "declaration.issue"),
    "api/declarations/<pk>/end": Gate(None, "declaration.issue"),
    "api/measures/<pk>/lift": Gate(None, "measure.impose release.run"),
    "api/posture": Gate("board.view"),
    "api/campaigns": Gate("campaign.view", "campaign.open"),
    "api/campaigns/<pk>": Gate("campaign.view"),
    "api/campaigns/<pk>/rounds": Gate(None, "campaign.open"),
    "api/campaigns/<pk>/close": Gate(None, "campaign.open"),
    "api/rounds/<pk>/assign": Gate(None, "campaign.open"),
    "api/rounds/<pk>/close": Gate(None, "campaign.open"),
    "api/rounds/<pk>/coverage": Gate("campaign.view"),
    "api/rounds/<pk>/left": Gate("campaign.view"),
    "api/directives": Gate(None, "directive.issue"),
    "api/directives/count": Gate(None, "directive.issue"),
    "api/directives/<pk>/revise": Gate(None, "board.view desk.view"),
    "api/directives/<pk>/recall": Gate(None, "board.view desk.view"),
    "api/directives/<pk>/report": Gate("board.view desk.view"),
    "api/directives/<pk>/unread": Gate("board.view desk.view"),
    "api/playbooks": Gate(PLANNING),
    "api/activations": Gate(None, "playbook.activate"),
    "api/activations/<pk>": Gate(PLANNING),
    "api/activations/<pk>/resume": Gate(None, "playbook.activate"),
    "api/activations/<pk>/release": Gate(None, "release.run"),
    "api/activations/<pk>/hand-over": Gate(None, "release.run"),
    "api/board/<code>": Gate("board.view"),
    "api/board/<code>/trend": Gate("board.view"),
    "api/board/<code>/outlines": Gate("board.view"),
    "api/search": Gate("board.view"),
    "api/field/doors": Gate("visit.submit"),
    "api/field/forms": Gate("visit.submit"),
    "api/field/nuisances": Gate(None, "visit.submit"),
    "api/field/card": Gate(None, "visit.submit"),
    "api/field/lists": Gate(None, "visit.submit"),
    "api/field/lists/begin": Gate(None, "visit.submit"),
    "api/field/matters": Gate(None, "matter.report"),
    "api/field/matters/similar": Gate(None, "matter.report"),
}

# What reading writes: the session, and that a desk was looked at (delivered, read): DESIGN, "receipts".
SESSION = {"django_session"}
RECEIPTS = {"desk_task", "desk_taskstep", "journal_entry"}
READING_WRITES = dict.fromkeys(("desk", "desk/list", "api/desk/inbox", "desk/tasks/<int:pk>"), SESSION | RECEIPTS)
ENDS_THE_SESSION = ("accounts/logout/", "p/<str:token>", "access/leave")
SIGNED = ("city_commander", "screener", "admin", "worker")
# Whoever is to be signed out or shown a page, and has no right to anything, is told so by these.
DENIED = {403, 404}


@pytest.fixture(scope="module")
def living(django_db_setup: None, django_db_blocker: Any) -> Iterator[Living]:
    """One city for all walks: each request is taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_living()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def clients(living: Living) -> dict[str, Client]:
    made = {member: living.client(member) for member in MEMBERS}
    for client in made.values():
        client.get("/desk")  # the session and what lay on the desk are settled
    return made


@contextmanager
def taken_back() -> Iterator[list[str]]:
    """This context will collect the tables that are written to inside it, and take everything back."""
    mark = transaction.savepoint()
    with watching() as written:
        yield written
    transaction.savepoint_rollback(mark)


@dataclass(frozen=True)
class Asked:
    """One request of a walk: who asked for what, what was answered, which tables were written to."""

    method: str
    route: str
    member: str
    status: int
    headers: Any
    written: set[str]


def walk(living: Living, clients: dict[str, Client], method: str) -> list[Asked]:
    """This function will let everyone ask for everything once."""
    asked = []
    for route in GATES:
        for member, client in clients.items():
            one = living.client(member) if route in ENDS_THE_SESSION else client
            with taken_back() as written:
                answer = send(one, method, route, living.address(route))
            asked.append(Asked(method, route, member, answer.status_code, answer.headers, set(written)))
    return asked


@pytest.fixture(scope="module")
def reads(living: Living, clients: dict[str, Client]) -> list[Asked]:
    return walk(living, clients, "get")


@pytest.fixture(scope="module")
def writes(living: Living, clients: dict[str, Client]) -> list[Asked]:
    return walk(living, clients, "post")


def send(client: Client, method: str, route: str, address: str) -> Any:
    """This function will send an empty request: a page's form, or the JSON of an endpoint."""
    if method == "get":
        return client.get(address)
    if route.startswith("api/"):
        return client.post(address, "{}", content_type="application/json")
    return client.post(address)


def plain(response: Any, address: str) -> bytes:
    """This function will return an answer without what differs from one answer to the next: token, address, time."""
    body = re.sub(rb'(csrfmiddlewaretoken" value=|X-CSRFToken&quot;: )"?[^">]+', b"", response.content)
    body = re.sub(rb'"X-CSRFToken": "[^"]+"|&quot;X-CSRFToken&quot;: &quot;[^&]+', b"", body)
    return re.sub(rb"\d\d:\d\d:\d\d", b"", body.replace(address.encode(), b""))


def entitled(living: Living, member: str, acts: str) -> bool:
    if acts == SIGNED_IN:
        return member != "anonymous"
    return member not in ("anonymous", "stranger") and any(
        getattr(living.cast, member).can(act) for act in acts.split()
    )


def test_every_address_is_listed():
    assert set(addresses()) == set(GATES)


def test_nothing_is_let_in_by_default():
    """Beyond log-in, the door of a pass, languages, the list of calls and a resident's own way to report, nothing is public."""
    public = {route for route, gate in GATES.items() if PUBLIC in (gate.get, gate.post)}
    assert public == {
        "report",
        "report/places",
        "report/outlines",
        "report/similar",
        "track",
        "track/<str:code>",
        "track/<str:code>/<slug:word>",
        "public/matters",
        "public/zones",
        "public/forms/<slug:code>",
        "orders/<slug:number>",
        "orders/<slug:number>/sheet/<slug:size>",
        "reserves/orders/<slug:number>",
        "rules",
        "rules/<int:pk>",
        "admissions",
        "public/warnings",
        "public/warnings.<str:kind>",
        "public/warnings/<slug:identifier>.xml",
        "referred/<str:code>",
        "privacy",  # what is held of persons, and what was destroyed of it, with the key to check it
        "certificates",
        "certificates/key.pem",
        "certificates/<slug:number>",
        "certificates/<slug:number>.json",
        "my-data",
        "my-data/<str:code>",
        "my-data/<str:code>/<slug:act>",
        "field/worker.js",  # the script that opens the phone page, and how it looks on a home screen
        "field/app.webmanifest",
        "i18n/setlang/",
        "accounts/login/",
        "accounts/logout/",
        "accounts/inactive/",
        "p/<str:token>",
        "p/<str:token>/stay",
        "access/leave",
        "open311/v2/discovery.<slug:form>",
        "open311/v2/services.<slug:form>",
        "open311/v2/services/<slug:code>.<slug:form>",
        "open311/v2/requests.<slug:form>",
        "open311/v2/requests/<slug:number>.<slug:form>",
        "open311/v2/tokens/<slug:token>.<slug:form>",
        "api/openapi.json",
        "api/docs",
        "api/",
        "api/<path:rest>",
    }


@pytest.mark.parametrize("method", ["get", "post"])
def test_each_is_let_in_where_the_post_gives_the_act_and_nowhere_else(living, reads, writes, method):
    wrong = []
    for asked in reads if method == "get" else writes:
        gate, status = GATES[asked.route], asked.status
        acts = getattr(gate, method)
        if status >= 500:
            good = False
        elif acts is None:
            good = (
                status in (405, 401, 403, 404)
                or (gate.get == PUBLIC and status == 200)
                or (asked.member == "anonymous" and status == 302 and method == "get")
            )
        elif acts == PASS:
            good = status in (200, 400, 401, 404)
        elif acts == PUBLIC:
            # A form that lacks something is shown again, with what it lacks; a burst of them is held back.
            good = status in (200, 302, 400, 404, 405, 409, 429)
        elif asked.member == "anonymous":
            page = method == "get" and not asked.route.startswith("api/")
            good = (
                status == 302 and asked.headers["Location"].startswith("/accounts/login/?next=")
                if page
                else status in (401, 302) and not (status == 302 and "login" not in asked.headers["Location"])
            )
        elif entitled(living, asked.member, acts):
            good = status not in (401, 405)
        else:
            # An endpoint may say that the body lacks a field before it looks at the post.
            good = status in DENIED or (asked.route.startswith("api/") and status == 400)
        if not good:
            wrong.append((method, asked.route, asked.member, status))
    assert len(reads) == len(writes) == len(GATES) * len(MEMBERS)
    assert wrong == []


def test_a_reader_of_one_district_finds_nothing_of_the_other(living, clients):
    """What lies in Jinjiang is missing for Qingyang, byte for byte as what never was."""
    mine = [
        "access/accounts/posts/<int:pk>/end",
        "desk/tasks/<int:pk>",
        "api/desk/tasks/<pk>",
        "board/<str:code>",
        "api/board/<code>",
        "wall/<str:code>",
        "declarations/<int:pk>",
        "api/declarations/<pk>",
        "activations/<int:pk>",
        "releases/<int:pk>",
        "api/activations/<pk>",
        "access/passes/lists/<slug:batch>",
        "matters/<int:pk>",
        "calls/<int:pk>",
    ]
    client, told = clients["neighbour_head"], []
    for route in mine:
        address = living.address(route)
        missing = address.replace(str(living.keys["batch"]), "f" * 24)
        missing = missing.replace("510104", "510199") if "510104" in missing else missing
        if missing == address:
            head, _slash, last = address.rpartition("/")
            missing = f"{head}/999999" if last.isdigit() else address.replace(f"/{last}", f"/999999/{last}")
        there, nowhere = client.get(address), client.get(missing)
        if there.status_code in (403, 405):
            continue
        same = plain(there, address) == plain(nowhere, missing)
        told.append((route, there.status_code, nowhere.status_code, same))
    assert len(told) >= 9
    assert [row for row in told if row[1:] != (404, 404, True)] == []


def test_reading_writes_nothing(reads):
    beyond = [(one, one.written - READING_WRITES.get(one.route, SESSION)) for one in reads]
    assert [(one.route, one.member, sorted(more)) for one, more in beyond if more] == []


def test_every_answer_carries_the_headers(reads, writes):
    wrong = []
    for one in reads + writes:
        policy = one.headers.get("Content-Security-Policy", "")
        if one.route in ("field", "field/forms"):  # the engine of forms, on the two pages that fill them in (ADR 14)
            policy = policy.replace("'wasm-unsafe-eval'", "")
        good = (
            one.headers.get("X-Content-Type-Options") == "nosniff"
            and one.headers.get("X-Frame-Options") == "DENY"
            and "default-src 'self'" in policy
            and not re.search(r"(script|default)-src[^;]*unsafe", policy)
            and one.headers.get("Referrer-Policy") == "same-origin"
            and one.headers.get("Cross-Origin-Opener-Policy") == "same-origin"
        )
        if not good:
            wrong.append((one.method, one.route, one.member, dict(one.headers)))
    assert wrong == []


def test_what_is_shown_to_one_is_kept_by_no_cache(reads):
    everyones = ("api/openapi.json", "api/docs", "api/", "api/<path:rest>", "i18n/setlang/", "field/worker.js")
    wrong = [
        (one.member, one.route, one.headers.get("Cache-Control"))
        for one in reads
        if one.member in SIGNED and one.route not in everyones and not one.route.startswith("accounts/")
        and "private" not in one.headers.get("Cache-Control", "")
    ]  # fmt: skip
    assert wrong == []


def test_a_cookie_alone_writes_nothing(living):
    """Another site can make a browser send its cookies, but not the token."""
    wrong = []
    clients = {member: living.client(member, csrf=True) for member in ("city_commander", "admin", "worker", "screener")}
    for route, gate in GATES.items():
        if gate.post is None:
            continue
        for member, client in clients.items():
            with taken_back() as written:
                status = send(client, "post", route, living.address(route)).status_code
            refused = (400, 401, 403) if gate.post == PASS else (401, 403)
            if status not in refused or set(written) - SESSION:
                wrong.append((route, member, status, sorted(set(written))))
    assert wrong == []


def test_other_methods_write_nothing(living, clients):
    wrong = []
    for method in ("put", "patch", "delete", "options", "trace"):
        for route in GATES:
            with taken_back() as written:
                response = getattr(clients["city_commander"], method)(living.address(route))
            beyond = set(written) - READING_WRITES.get(route, SESSION)
            if response.status_code >= 500 or beyond:
                wrong.append((method, route, response.status_code, sorted(beyond)))
    assert wrong == []


def test_every_view_of_ours_says_what_it_does():
    bare = [
        route
        for route, view in addresses().items()
        if getattr(view, "__module__", "").startswith("qipan.") and not inspect.getdoc(view)
    ]
    assert bare == []
