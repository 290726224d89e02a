"""The cast: a tiny city with its organs and the people who appear in every room's tests.

    5101 Chengdu
      510104 Jinjiang                         510105 Qingyang (the neighbour)
        510104001 First street                  510105001, 510105002 ...
          510104001001 First community
            510104001001001 ...002: compounds with 10 doors each
          510104001002
        510104002 Second street ...

Two streets a district, two communities a street, two compounds a community: 16 compounds, 160 doors.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, models
from django.db.transaction import atomic
from django.test import Client
from psycopg import ClientCursor

from qipan.duties.api import Unit, get_unit, ground_of, seed_organisation, units_on
from qipan.kernel.actor import Actor
from qipan.kernel.place import CITY, COMMUNITY, DISTRICT, STREET, place_of, range_of
from qipan.kernel.text import in_city_language

from .actions import Enrolled, issue_pass, seed_roles
from .models import Account, Post, Role
from .queries import PASS_COOKIE, POST_KEY, actor_of_post, actor_of_token, at_work, forget

CITY_CODE = "5101"
BEGIN = date(2020, 1, 1)
DOORS_PER_COMPOUND = 10
NUMERALS = {1: ("一", "First"), 2: ("二", "Second")}
DISTRICTS = {"510104": ("锦江区", "Jinjiang"), "510105": ("青羊区", "Qingyang")}

# name, role, code of the unit
POSTS = (
    ("city_commander", "city-command", "5101:city-command"),
    ("district_head", "district-command", "510104:district-command"),
    ("neighbour_head", "district-command", "510105:district-command"),
    ("dispatcher", "street-dispatcher", "510104001:street-office"),
    ("neighbour_dispatcher", "street-dispatcher", "510104002:street-office"),
    ("worker", "community-worker", "510104001001:community"),
    ("neighbour_worker", "community-worker", "510104001002:community"),
    ("guard", "property-guard", "510104:property-company-1"),
    ("department", "department", "5101:health"),
    ("lead", "lead-body", "5101:lead-body"),
    ("auditor", "auditor", "5101:city-command"),
    ("admin", "administrator", "5101:city-command"),
    ("wall", "wall-screen", "5101:city-command"),
)


@dataclass
class Cast:
    """The people of the tiny city: an ``Actor`` each, and a browser each through ``client(name)``.

    ``screener`` works with a pass on community 510104001001; ``stranger`` has an account and no post.
    """

    at: datetime
    city_commander: Actor
    district_head: Actor
    neighbour_head: Actor
    dispatcher: Actor
    neighbour_dispatcher: Actor
    worker: Actor
    neighbour_worker: Actor
    guard: Actor
    department: Actor
    lead: Actor
    auditor: Actor
    admin: Actor
    wall: Actor
    stranger: Actor
    screener: Actor
    screener_pass: Enrolled
    accounts: dict[str, Account] = field(repr=False)

    def unit(self, code: str) -> Unit:
        """This method will return the unit with this code ("510104001:street-office")."""
        return get_unit(code)

    def post(self, name: str) -> Post:
        """This method will return the post of a member of the cast."""
        actor: Actor = getattr(self, name)
        return Post.objects.everywhere("a test").select_related("account", "unit", "role").get(pk=actor.post_id or 0)

    def client(self, name: str, *, csrf: bool = False) -> Client:
        """This method will return a browser in which this member is signed in; "anonymous" is nobody."""
        client = Client(enforce_csrf_checks=csrf)
        if name == "screener":
            client.cookies[PASS_COOKIE] = self.screener_pass.token
        elif name != "anonymous":
            client.force_login(self.accounts[name])
            actor: Actor = getattr(self, name)
            if actor.post_id is not None:
                session = client.session
                session[POST_KEY] = actor.post_id
                session.save()
        return client

    def bearer(self) -> dict[str, Any]:
        """This method will return the header with which the screener's phone calls an endpoint."""
        return {"headers": {"Authorization": f"Bearer {self.screener_pass.token}"}}


def add_member(cast: Cast, name: str, *, role: str, unit: str) -> Actor:
    """This function will add somebody with a post to the cast, as ``cast.client(name)`` too."""
    account = Account.objects.create(username=name, display_name=name, password="!")  # noqa: S106 - no log-in by password
    held = Post(
        account=account,
        unit=cast.unit(unit),
        role=Role.objects.get(code=role),
        valid_from=cast.at - timedelta(days=30),
    )
    held.save(force_insert=True)
    actor = actor_of_post(held, at=cast.at)
    cast.accounts[name] = account
    setattr(cast, name, actor)
    return actor


def make_territory() -> None:
    """This function will write the areas, compounds and doors of the tiny city."""
    made = {name: apps.get_model("territory", name) for name in ("Area", "Compound", "Door")}
    areas: list[tuple[str, str, int, str, str]] = [(CITY_CODE, "51", CITY, "成都市", "Chengdu")]
    compounds: list[tuple[str, str]] = []
    for district, (name, name_en) in DISTRICTS.items():
        areas.append((district, CITY_CODE, DISTRICT, name, name_en))
        for s, (street_zh, street_en) in NUMERALS.items():
            street = f"{district}{s:03d}"
            areas.append((street, district, STREET, f"{name[:2]}{street_zh}街道", f"{name_en} {street_en} Subdistrict"))
            for c, (community_zh, community_en) in NUMERALS.items():
                community = f"{street}{c:03d}"
                label = (
                    f"{name[:2]}{street_zh}街{community_zh}社区",
                    f"{name_en} {street_en} {community_en} Community",
                )
                areas.append((community, street, COMMUNITY, *label))
                compounds += [(f"{community}{n:03d}", f"{label[0]}{n}号院") for n in NUMERALS]
    made["Area"].objects.bulk_create(
        made["Area"](
            code=code, parent_code=parent, level=level, name=name, name_en=name_en, valid_from=BEGIN, synthetic=True
        )
        for code, parent, level, name, name_en in areas
    )
    made["Compound"].objects.bulk_create(
        made["Compound"](place=place_of(code), name=name, doors=DOORS_PER_COMPOUND, synthetic=True)
        for code, name in compounds
    )
    made["Door"].objects.bulk_create(
        made["Door"](place=place_of(code) + n, building="1", entrance="1", label=f"{(n + 1) // 2}0{n % 2 + 1}")
        for code, _name in compounds
        for n in range(1, DOORS_PER_COMPOUND + 1)
    )


def make_city(*, at: datetime | None = None) -> Cast:
    """This function will build the tiny city and its cast: territory, organs, roles, accounts, posts, one pass.

    ``at`` is the moment of the story; without it the present hour, so that browsers see valid posts.
    Thousands of tests begin here: the first of a process builds the city by its acts, the next ones write
    the same rows into their empty database again.
    """
    forget()
    at = at or datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    if any(apps.get_model(name).objects.exists() for name in ("territory.Area", "duties.OrganType", "access.Account")):
        return _build(at)
    key = (connection.vendor, at)
    if key in _BUILT:
        cast, rows, script = _BUILT[key]
        with atomic(), connection.cursor() as cursor:
            for insert, values in rows:
                cursor.executemany(insert, values)
            if script:  # with a server, each statement is a wait
                cursor.execute(script)
    else:
        empty = [model for model in apps.get_models(include_auto_created=True) if _is_empty(model)]
        cast = _build(at)
        filled = [model for model in empty if not _is_empty(model)]
        rows, script = [_rows_of(model) for model in filled], ""
        if connection.vendor == "postgresql":
            text = ClientCursor(connection.connection).mogrify
            statements = [text(insert, values) for insert, lines in rows for values in lines]
            rows, script = [], ";".join(statements + connection.ops.sequence_reset_sql(no_style(), filled))
        _BUILT[key] = cast, rows, script
    return deepcopy(cast)


# By database and moment: the cast, and the rows as statements with their values or, for a server, as one text.
_BUILT: dict[tuple[str, datetime], tuple[Cast, list[tuple[str, list[tuple[Any, ...]]]], str]] = {}


def _is_empty(model: type[models.Model]) -> bool:
    return not model._base_manager.exists()


def _rows_of(model: type[models.Model]) -> tuple[str, list[tuple[Any, ...]]]:
    """This function will read a table as the database holds it, with the statement that writes it again."""
    quote = connection.ops.quote_name
    names = [str(field.column) for field in model._meta.local_concrete_fields]
    table, columns = quote(model._meta.db_table), ", ".join(map(quote, names))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table}")  # noqa: S608 - the models' own names
        rows = cursor.fetchall()
    places = ", ".join(["%s"] * len(names))
    return f"INSERT INTO {table} ({columns}) VALUES ({places})", rows  # noqa: S608 - the models' own names


@in_city_language
def _build(at: datetime) -> Cast:
    make_territory()
    begin = at - timedelta(days=30)
    seeder = Actor.system("seed", acts=["register.edit", "pass.issue"], ranges=[range_of(CITY_CODE)])
    seed_organisation(CITY_CODE, by=seeder, at=begin)
    roles = seed_roles()
    units = {unit.code: unit for unit in units_on([range_of(CITY_CODE)]).select_related("organ_type")}
    people = [*(name for name, _role, _unit in POSTS), "stranger"]
    Account.objects.bulk_create(
        Account(username=name, display_name=name.replace("_", " "), password="!")  # noqa: S106 - no log-in by password
        for name in people
    )
    accounts = {account.username: account for account in Account.objects.filter(username__in=people)}
    posts = [
        Post(
            account=accounts[name],
            unit=units[code],
            role=roles[role],
            valid_from=begin,
            sponsors_area=role == "district-command",
        )
        for name, role, code in POSTS
    ]
    Post.objects.bulk_create(posts)
    # In a new city nothing was merged: a unit's ground is its own range, which saves asking for each.
    actors = {
        post.account.username: at_work(
            post, ground=ground_of(post.unit) if post.unit.first is None else (range_of(post.unit.code.split(":")[0]),)
        )
        for post in posts
    }
    screener = issue_pass(
        label="排查一组01",
        role_code="screening-worker",
        unit=units["510104001001:community"],
        expires_at=at + timedelta(days=30),
        by=seeder,
        at=begin,
    )
    stranger = Actor(label="stranger", account_id=accounts["stranger"].pk)
    return Cast(
        at=at,
        **actors,
        stranger=stranger,
        screener=actor_of_token(screener.token, at=at),
        screener_pass=screener,
        accounts=accounts,
    )
