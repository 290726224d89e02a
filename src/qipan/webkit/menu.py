"""The menu: the four product areas in the paper's order (PRI-5); an item shows to those who have the act."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.urls import Resolver404, resolve
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from qipan.kernel.actor import Actor


@dataclass(frozen=True)
class Page:
    """A page that the menu may offer: any one of ``acts`` opens it."""

    path: str
    label: Promise
    acts: tuple[str, ...]


@dataclass(frozen=True)
class Link:
    path: str
    label: str
    current: bool


@dataclass(frozen=True)
class Area:
    label: str
    links: list[Link]
    current: bool


AREAS: tuple[tuple[Promise, tuple[Page, ...]], ...] = (
    (
        _("One board"),
        (
            Page("/board", _("City board"), ("board.view",)),
            Page("/wall", _("Wall screen"), ("wall.view",)),
            Page("/desk", _("Desk"), ("desk.view",)),
        ),
    ),
    (
        _("Resources"),
        (
            Page("/forces", _("Teams and shifts"), ("team.manage", "board.view", "desk.view")),
            Page("/forces/roster", _("Roster of shifts"), ("team.manage", "desk.view")),
            Page("/forces/partners", _("Teams of partners"), ("team.manage",)),
            Page("/forces/companies", _("Property companies"), ("team.manage", "desk.view", "register.edit")),
            Page("/reserves", _("Reserves of firms"), ("reserve.lend", "reserve.call", "reserve.view")),
            Page("/stores", _("Stores of offices"), ("store.keep", "reserve.view")),
            Page("/forms", _("Forms"), ("desk.view", "playbook.edit", "admission.decide")),
            Page("/field/forms", _("Forms to fill in"), ("visit.submit",)),
            Page("/access/passes", _("Passes"), ("pass.issue",)),
            Page("/access/accounts", _("Accounts and posts"), ("account.manage",)),
            Page("/partners", _("Partners"), ("partner.manage",)),
            Page("/notices", _("Channels of notices"), ("partner.manage",)),
            Page("/territory", _("Territory and register"), ("territory.import", "register.edit")),
        ),
    ),
    (
        _("Routine and emergency"),
        (
            Page("/declarations", _("Declarations"), ("board.view",)),
            Page("/measures", _("Measures"), ("board.view", "desk.view")),
            Page("/warnings", _("Warnings"), ("board.view", "warning.issue")),
            Page("/zones", _("Risk levels"), ("board.view", "zone.count", "zone.confirm")),
            Page("/roster", _("Duty roster"), ("board.view", "team.manage")),
            Page("/playbooks", _("Playbooks"), ("playbook.edit", "playbook.activate")),
            Page("/activations", _("Activations and release"), ("playbook.activate", "release.run")),
            Page("/events", _("Emergencies from warning to lessons"), ("board.view",)),
            Page("/lessons", _("Lessons"), ("lesson.propose", "review.lead", "playbook.edit")),
            Page("/weaknesses", _("Weaknesses"), ("lesson.propose", "review.lead")),
            Page("/readiness", _("Readiness of communities"), ("board.view",)),
            Page(
                "/retention",
                _("Retention and destruction"),
                ("destruction.prepare", "destruction.approve", "destruction.hold", "journal.verify"),
            ),
        ),
    ),
    (
        _("Full chain"),
        (
            Page("/matters", _("Matters"), ("matter.view",)),
            Page("/matters/new", _("Report a matter"), ("matter.report",)),
            Page("/calls", _("Calls"), ("matter.view",)),
            Page("/hazards", _("Hazards"), ("matter.view",)),
            Page("/referrals", _("Referrals"), ("referral.make",)),
            Page("/retention/wishes", _("Wishes about own data"), ("referral.make", "matter.dispatch")),
            Page("/matters/patterns", _("What keeps coming back"), ("matter.arbitrate", "matter.dispatch")),
            Page("/matters/rechecks", _("Looked at again"), ("matter.verify", "matter.arbitrate")),
            Page("/matters/exclusions", _("Left out of the rates"), ("matter.verify", "matter.arbitrate")),
            Page("/reviews", _("Review sessions"), ("matter.arbitrate",)),
            Page("/duties", _("Responsibility lists"), ("board.view", "desk.view", "duty.edit")),
            Page("/rules/office", _("Rules and comments"), ("rule.edit", "rule.adopt")),
            Page("/laws", _("Legal basis"), ("board.view", "desk.view", "law.edit")),
            Page("/matters/catalogue", _("Catalogue of matters"), ("matter.catalogue",)),
            Page("/matters/suggestions", _("Suggestions"), ("matter.catalogue", "matter.dispatch")),
            Page("/matters/imports", _("Import of matters"), ("matter.import",)),
            Page("/directives", _("Directives"), ("directive.issue", "directive.recall")),
            Page("/campaigns", _("Screening campaigns"), ("campaign.view", "campaign.open")),
            Page("/field", _("Doors and visits"), ("visit.submit",)),
            Page("/recounts", _("Doors to see again"), ("visit.submit",)),
            Page("/field/lists", _("Missing from phones"), ("team.manage",)),
            Page(
                "/admissions",
                _("Work admission"),
                ("desk.view", "board.view", "admission.apply", "admission.decide"),
            ),
            Page(
                "/burden",
                _("Burden of communities"),
                ("desk.view", "board.view", "admission.apply", "admission.decide"),
            ),
            Page("/terminals", _("Apps and systems"), ("desk.view", "board.view", "admission.decide")),
            Page("/signs", _("Signs at the door"), ("desk.view", "board.view", "admission.decide")),
            Page("/conflicts", _("Conflicts"), ("conflict.decide",)),
        ),
    ),
)


# For whoever is not signed in, below every page.
RESIDENTS: tuple[tuple[str, Promise], ...] = (
    ("/public/warnings", _("Warnings")),
    ("/public/zones", _("Risk levels")),
    ("/rules", _("Rules and comments")),
    ("/admissions", _("Work admission")),
    ("/my-data", _("My data")),
    ("/privacy", _("What is held of persons")),
    ("/certificates", _("Certificates of destruction")),
)


@lru_cache(maxsize=256)
def address(path: str) -> str | None:
    """This function will return the path as the site spells it, or None while no such page exists."""
    for spelled in (path, f"{path}/"):
        try:
            resolve(spelled)
        except Resolver404:
            continue
        return spelled
    return None


def menu_for(actor: Actor | None, path: str) -> Sequence[Area]:
    """This function will return the areas of the menu with the pages that ``actor`` may open."""
    areas = []
    for label, pages in AREAS:
        links = [
            Link(found, str(page.label), path.rstrip("/") == page.path or path.startswith(f"{page.path}/"))
            for page in pages
            if actor and any(actor.can(act) for act in page.acts) and (found := address(page.path))
        ]
        if links:
            areas.append(Area(str(label), links, any(link.current for link in links)))
    return areas


def links_for_residents(actor: Actor | None, path: str) -> Sequence[Link]:
    """This function will return the pages that are for everybody, for whoever is not signed in."""
    if actor and actor.label:
        return []
    return [Link(found, str(label), path == found) for page, label in RESIDENTS if (found := address(page))]
