"""The registry of terminals: what communities must keep, whose it is, and when it ends (SVC-11)."""

from datetime import date, datetime

from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext

from qipan.duties.api import Unit
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound

from ..models import Terminal, TerminalUse
from ..queries.desks import unit_of
from ..rules import MOST_ACCOUNTS
from ..terms import TerminalKind


def community_of(by: Actor) -> Unit:
    """This function will return the actor's own unit, which only executes. Raises ``NotAllowed``."""
    by.require("task.answer")
    unit = unit_of(by)
    if unit is None or not unit.organ_type.executes_only:
        raise NotAllowed(act="task.answer")
    return unit


@transaction.atomic
def note_terminal(
    *,
    terminal: Terminal | None = None,
    name: str = "",
    kind: str = TerminalKind.SYSTEM,
    owner: Unit | None = None,
    basis: str = "",
    accounts: int = 1,
    last_used: date | None = None,
    by: Actor,
    at: datetime,
) -> TerminalUse:
    """This function will keep that the actor's unit must use a terminal: one of the registry, or a new one with its owner.

    ``accounts`` is how many log-ins the unit holds there, ``last_used`` the day that it says. The same again corrects
    both; ``basis`` is what the owner named when it asked for it, if anything. Raises ``NotAllowed`` unless the unit only executes, ``NotFound`` for a terminal that has ended, ``BadInput``.
    """
    unit = community_of(by)
    problems = [
        problem
        for wrong, problem in (
            (terminal is None and not name.strip(), gettext("the name is missing")),
            (terminal is None and owner is None, gettext("whose it is, is missing")),
            (kind not in TerminalKind.values, gettext("an unknown kind of terminal")),
            (
                not 0 <= accounts <= MOST_ACCOUNTS,
                gettext("the number of log-ins is not between 0 and %(most)s") % {"most": MOST_ACCOUNTS},
            ),
            (last_used is not None and last_used > localdate(at), gettext("the last use lies ahead")),
        )
        if wrong
    ]
    if problems:
        raise BadInput(problems)
    if terminal is None:
        terminal, _made = Terminal.objects.get_or_create(
            owner=owner,
            name=name.strip()[:80],
            ended_at=None,
            defaults={"kind": kind, "listed_at": at, "basis": basis.strip()[:300]},
        )
    elif not Terminal.objects.select_for_update().filter(pk=terminal.pk, ended_at=None).exists():
        raise NotFound
    given = {"accounts": accounts, "last_used": last_used, "noted_at": at}
    use, _made = TerminalUse.objects.within(by.scope).update_or_create(
        terminal=terminal, unit=unit, ended_at=None, defaults=given, create_defaults={**given, "place": unit.place}
    )
    data = {"terminal": terminal.name, "accounts": accounts, "last_used": last_used and last_used.isoformat()}
    record("desk.note_terminal", subject=use, by=by, at=at, place=unit.place, data=data)
    return use


@transaction.atomic
def leave_terminal(use: TerminalUse, *, by: Actor, at: datetime) -> None:
    """This function will keep that the actor's unit no longer uses a terminal. Raises ``NotAllowed``, ``NotFound``."""
    unit = community_of(by)
    if not TerminalUse.objects.within(by.scope).filter(pk=use.pk, unit=unit, ended_at=None).update(ended_at=at):
        raise NotFound
    record("desk.leave_terminal", subject=use, by=by, at=at, place=unit.place, data={"terminal": use.terminal.name})


@transaction.atomic
def end_terminal(terminal: Terminal, *, instead: str, by: Actor, at: datetime) -> int:
    """This function will end a terminal for every community, and say how its data are had instead; returns how many kept it.

    Needs ``admission.decide``. Raises ``NotAllowed``, ``NotFound`` where it has ended, ``BadInput`` without ``instead``.
    """
    by.require("admission.decide")
    if not instead.strip():
        raise BadInput([gettext("how its data are had instead is missing")])
    held = Terminal.objects.select_for_update(of=("self",)).select_related("owner").filter(pk=terminal.pk, ended_at=None).first()  # fmt: skip
    if held is None:
        raise NotFound
    held.ended_at, held.instead = at, instead.strip()[:300]
    held.save(update_fields=["ended_at", "instead"])
    left = TerminalUse.objects.everywhere("the lead organisation ends it for all").filter(terminal=held, ended_at=None).update(ended_at=at)  # fmt: skip
    data = {"terminal": held.name, "instead": held.instead, "communities": left}
    record("desk.end_terminal", subject=held, by=by, at=at, place=held.owner.place, data=data)
    return left
