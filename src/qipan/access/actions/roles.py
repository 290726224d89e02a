"""Roles of a deployment after an upgrade: acts that a newer version gives to a role that the project brings."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound

from ..models import Role
from ..queries import forget
from .seeds import shipped_roles


def missing_acts() -> dict[str, list[str]]:
    """This function will return, by the code of the role, the acts that the project gives it and this deployment's lacks.

    Only of roles that the project brings; a role that a city made itself has no entry, and neither has one that is not
    there (``seed_roles`` creates it). What a role has beyond the project's list is the city's own affair.
    """
    shipped = {row.code: row.acts for row in shipped_roles()}
    held = Role.objects.filter(code__in=shipped).order_by("code").values_list("code", "acts")
    lacking = {code: [act for act in shipped[code] if act not in acts] for code, acts in held}
    return {code: acts for code, acts in lacking.items() if acts}


@transaction.atomic
def add_missing_acts(codes: Collection[str] | None = None, *, by: Actor, at: datetime) -> dict[str, list[str]]:
    """This function will add what ``missing_acts`` names to those roles (None: to all); nothing is ever taken away.

    Returns what was added. Needs ``account.manage``. Raises ``NotAllowed``, ``NotFound`` for a role that lacks nothing.
    """
    by.require("account.manage")
    list(Role.objects.select_for_update().order_by("pk"))  # of two at once the second finds nothing missing
    missing = missing_acts()
    chosen = list(missing) if codes is None else list(codes)
    if not set(chosen) <= set(missing):
        raise NotFound
    for code in chosen:
        role = Role.objects.get(code=code)
        role.acts = [*role.acts, *missing[code]]
        role.save(update_fields=["acts"])
        record("access.add_acts", subject=role, by=by, at=at, data={"role": code, "added": missing[code]})
    transaction.on_commit(forget)
    return {code: missing[code] for code in chosen}
