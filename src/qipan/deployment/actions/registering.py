"""A firm comes to the city: it is registered, and the first account of its manager is opened with it."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from qipan.access.api import Role, forget, give_post, open_account
from qipan.duties.api import PROPERTY_COMPANY, Unit, looked_after, register_firm
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import COMPOUND, code_of, range_of
from qipan.kernel.refusal import Refusal

from ..models import Team
from .forces import release_teams

# The role of whoever answers for a firm, by kind (access, roles.csv).
MANAGER = {PROPERTY_COMPANY: "property-manager"}
FIRM_MANAGER = "firm-manager"


class FirstPasswordMissing(Refusal):
    code = "first_password_missing"
    sentence = _("Give a first password for the account, or leave the user name empty.")
    status = 400


@transaction.atomic
def register_with_account(
    kind: str,
    *,
    name: str,
    name_en: str = "",
    credit_code: str,
    community: str = "",
    compounds: Iterable[int] = (),
    takes_over: bool = False,
    username: str = "",
    display_name: str = "",
    password: str | None = None,
    by: Actor,
    at: datetime,
) -> Unit:
    """This function will register a firm (``duties.register_firm``) and, with a user name, open the account of its manager
    and give it the post; all of it or nothing.

    Where the company takes compounds over, the teams of whoever looked after them stand down there, with their passes.
    Needs ``register.edit``, for an account ``account.manage``. Raises ``FirstPasswordMissing`` and what ``register_firm``, ``open_account`` and
    ``give_post`` raise.
    """
    by.require("register.edit")
    places = sorted(set(compounds))
    before = _stewards(places) if takes_over else {}
    firm = register_firm(
        kind,
        name=name,
        name_en=name_en,
        credit_code=credit_code,
        community=community,
        compounds=places,
        takes_over=takes_over,
        by=by,
        at=at,
    )
    for place, unit_id in before.items():
        if unit_id != firm.pk:
            _stand_down(unit_id, place, firm=firm, by=by, at=at)
    if username:
        if not password:
            raise FirstPasswordMissing(field="password")
        account = open_account(username=username, display_name=display_name or name, password=password, by=by, at=at)
        role = Role.objects.get(code=MANAGER.get(kind, FIRM_MANAGER))
        give_post(account, unit=firm, role=role, by=by, at=at)
    transaction.on_commit(forget)  # whose compounds were taken over sees them no longer, from now on
    return firm


def _stewards(places: list[int]) -> dict[int, int]:
    """Who looks after each of the compounds now."""
    grounds = [range_of(code_of(place, COMPOUND)) for place in places]
    return {row.place: row.unit_id for row in looked_after(grounds)} if grounds else {}


def _stand_down(unit_id: int, place: int, *, firm: Unit, by: Actor, at: datetime) -> None:
    """The teams of a company in a compound that another has taken over: the register decided it, so no right is asked."""
    standing = Team.objects.everywhere("of a compound that the registrar holds").filter(
        unit=unit_id, place__range=range_of(code_of(place, COMPOUND)), released_at=None
    )
    teams = list(standing.values_list("pk", flat=True))
    if not teams:
        return
    clock = Actor.system("taken-over", acts=["team.manage", "pass.issue"], ranges=by.scope.ranges)
    release_teams(teams, by=clock, at=at)
    record("deployment.taken_over", subject=firm, by=by, at=at, place=place, data={"teams": len(teams)})
