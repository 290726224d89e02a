"""Seed data: the roles, and accounts for trying the city out."""

import csv
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from django.contrib.auth.hashers import make_password
from django.db import transaction

from qipan.duties.api import Unit, get_unit, units_on
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotFound

from ..models import Account, Post, Role
from ..queries import forget
from .cards import seed_cards

DATA = Path(__file__).parents[1] / "data"


def shipped_roles() -> list[Role]:
    """This function will return the roles that the project brings, not saved."""
    with open(DATA / "roles.csv", encoding="utf-8", newline="") as file:
        return [
            Role(
                code=row["code"],
                name=row["name"],
                name_en=row["name_en"],
                acts=row["acts"].split(),
                for_passes=row["for_passes"] == "1",
            )
            for row in csv.DictReader(file)
        ]


def seed_roles() -> dict[str, Role]:
    """This function will create the roles that are missing, with their training cards; those that exist stay."""
    known = {role.code: role for role in Role.objects.all()}
    new = [role for role in shipped_roles() if role.code not in known]
    if new:
        Role.objects.bulk_create(new)
        forget()
        known = {role.code: role for role in Role.objects.all()}
    seed_cards(known)
    return known


class DemoAccount(NamedTuple):
    """What the demo prints: who can log in, and as what."""

    role: str
    username: str
    password: str
    unit: Unit


# user name, display name, role, kind of unit; the areas are the first of each level below the first district
DEMO = (
    ("city", "市指挥长", "city-command", "city-command"),
    ("lead", "统筹协调员", "lead-body", "lead-body"),
    ("health", "卫健联络员", "department", "department"),
    ("district", "区指挥长", "district-command", "district-command"),
    ("neighbour", "邻区指挥长", "district-command", "district-command"),
    ("street", "街道调度员", "street-dispatcher", "street-office"),
    ("community", "社区工作者", "community-worker", "community"),
    ("guard", "物业门岗", "property-guard", "property-company"),
    ("manager", "物业负责人", "property-manager", "property-company"),
    ("hotel", "宾馆负责人", "firm-manager", "hotel"),
    ("wall", "指挥大厅大屏", "wall-screen", "city-command"),
    ("auditor", "审计员", "auditor", "city-command"),
    ("admin", "系统管理员", "administrator", "city-command"),
)


@transaction.atomic
def seed_demo_accounts(city_code: str, *, password: str, by: Actor, at: datetime) -> list[DemoAccount]:
    """This function will open one account per role of a seeded city, all with this password.

    Accounts that exist keep their posts and get the password. The district post is the area's named
    leader. Needs ``account.manage``; raises ``NotAllowed``, ``NotFound`` without an organisation.
    """
    by.require("account.manage")
    ground = range_of(city_code)
    if not by.scope.covers(ground):
        raise NotFound
    roles = seed_roles()
    secret = make_password(password)  # once: hashing is slow on purpose
    demo = []
    for username, display_name, role, unit in _demo_units(city_code):
        account, _new = Account.objects.update_or_create(
            username=username, defaults={"password": secret, "is_active": True, "display_name": display_name}
        )
        held = Post.objects.filter(account=account, unit=unit, role=roles[role], valid_to=None)
        if not held.everywhere("a demo account").exists():
            Post(
                account=account, unit=unit, role=roles[role], valid_from=at, sponsors_area=role == "district-command"
            ).save(force_insert=True)
        demo.append(DemoAccount(role, username, password, unit))
    record(
        "access.seed_demo_accounts",
        subject=f"territory.Area:{city_code}",
        by=by,
        at=at,
        place=ground.first,
        data={"accounts": len(demo)},
    )
    transaction.on_commit(forget)
    return demo


def _demo_units(city_code: str) -> list[tuple[str, str, str, Unit]]:
    """Finds the unit of each demo account: the city's own, then the first district with a property company."""
    ground = range_of(city_code)
    company = units_on([ground], ["property-company"]).order_by("place", "pk").first()
    inside = range_of(f"{company.place:019d}"[:6]) if company else ground
    districts = list(units_on([ground], ["district-command"]).order_by("place")[:100])
    first = next((unit for unit in districts if unit.place == inside.first), districts[0] if districts else None)
    others = [unit for unit in districts if unit != first]
    found: list[tuple[str, str, str, Unit]] = []
    for username, display_name, role, kind in DEMO:
        if kind in ("city-command", "lead-body"):
            unit: Unit | None = get_unit(f"{city_code}:{kind}")
        elif username == "health":
            unit = units_on([ground], [kind]).filter(code=f"{city_code}:health").first()
        elif username == "district":
            unit = first
        elif username == "neighbour":
            unit = others[0] if others else None
        elif kind == "property-company":
            unit = company
        else:
            near = company.place if company else inside.last
            units = units_on([inside], [kind])
            unit = units.filter(first__lte=near, last__gte=near).first() or units.order_by("place").first()
        if unit is not None:
            found.append((username, display_name, role, unit))
    return found
