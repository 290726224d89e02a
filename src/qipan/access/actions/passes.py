"""Passes: enrol temporary workers, issue one pass, revoke."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit, ground_of, units_on
from qipan.journal.api import record
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.ids import uuid7
from qipan.kernel.place import Range, level_of, range_of
from qipan.kernel.refusal import BadInput, NotFound, Refusal

from ..models import Pass, PassQuerySet, Role
from ..queries import forget, link_for, token_for
from ..rules import LONGEST_PASS


class RoleNotForPasses(Refusal):
    """Only roles marked for it may be given by link or QR code."""

    code = "role_not_for_passes"
    sentence = _("The role %(role)s cannot be given by a pass.")


class ExpiryOutOfBounds(Refusal):
    """A pass ends after now and within the longest time allowed."""

    code = "pass_expiry"
    sentence = ngettext_lazy(
        "A pass must end after now and within %(days)s day.",
        "A pass must end after now and within %(days)s days.",
        "days",
    )
    status = 400


class AlreadyEnrolled(Refusal):
    """The same list, for the same unit and end, was enrolled before; ``batch`` names it."""

    code = "already_enrolled"
    sentence = _("This list was already enrolled; nothing was added.")


class WorkerRow(NamedTuple):
    """One person on a list of temporary workers: what the team calls him or her, where (a division code
    inside the unit's ground; empty means all of it), the number of a team, the line of the file and what is
    wrong with it."""

    label: str
    code: str = ""
    team: int | None = None
    line: int = 0
    fault: str = ""


class Enrolled(NamedTuple):
    """A pass with its token and its link. Neither is stored."""

    issued: Pass
    token: str
    link: str


LABEL_LENGTH = 60
MOST_PROBLEMS = 200


def _units_at(codes: Iterable[str], scope: Scope) -> dict[str, Unit]:
    """Finds the unit that stands on each area or compound code, of those that lie in the scope."""
    wanted = {}
    for code in codes:
        try:
            ground = range_of(code)
        except ValueError:
            continue
        if code.isascii() and code.isdigit() and scope.covers(ground):
            wanted[ground] = code
    found: dict[str, Unit] = {}
    firsts = [ground.first for ground in wanted]
    for start in range(0, len(firsts), 500):
        units = units_on(scope.ranges).filter(first__in=firsts[start : start + 500], organ_type__is_lead=False)
        for unit in units.exclude(organ_type__code="department").select_related("organ_type").order_by("pk"):
            match = wanted.get(Range(unit.first or 0, unit.last or 0))
            if match is not None and unit.organ_type.level == level_of(match):
                found[match] = unit
    return found


def check_rows(rows: Sequence[WorkerRow], *, unit: Unit, scope: Scope) -> tuple[list[Unit], list[Range], list[str]]:
    """This function will find the unit and the ground of each row, and name each bad row with its reason."""
    own = Range(unit.first, unit.last) if unit.first is not None and unit.last is not None else None
    # A partner (a property company, a social organisation) has no ground but the compounds that it looks after: its
    # people stay its own and work there only.
    partner = Scope(ground_of(unit)) if own is None else None
    units = _units_at({row.code for row in rows if row.code}, scope)
    problems: list[str] = []
    where: list[Unit] = []
    grounds: list[Range] = []
    seen: dict[tuple[str, str, int | None], int] = {}
    for position, row in enumerate(rows, 1):
        number, label = row.line or position, row.label.strip()
        reason: str | None = None
        if row.fault:
            reason = row.fault
        elif not label:
            reason = gettext("the name is empty")
        elif len(label) > LABEL_LENGTH:
            reason = gettext("the name is longer than %(length)s characters") % {"length": LABEL_LENGTH}
        elif row.code and (row.code not in units or (partner is not None and not partner.covers(range_of(row.code)))):
            reason = gettext("%(code)s is no area or compound inside your area") % {"code": row.code[:40]}
        elif not row.code and own is None:
            reason = gettext("the area is missing")
        elif (first := seen.setdefault((label, row.code, row.team), number)) != number:
            reason = gettext("the same as line %(line)s") % {"line": first}
        if reason:
            problems.append(gettext("line %(line)s: %(reason)s") % {"line": number, "reason": reason})
            continue
        where.append(units[row.code] if row.code and partner is None else unit)
        grounds.append(range_of(row.code) if row.code else own)  # type: ignore[arg-type]
    return where, grounds, problems


@transaction.atomic
def enrol_workers(
    rows: Sequence[WorkerRow],
    *,
    role_code: str,
    unit: Unit,
    team_ids: Sequence[int] | None = None,
    expires_at: datetime,
    by: Actor,
    at: datetime,
) -> list[Enrolled]:
    """This function will give every person on the list a pass: all of them or, with one bad line, none.

    A row's ``code`` (community, compound ...) narrows its ground to that area; without it the unit's
    whole ground holds. ``team_ids`` are handed round the rows that name no team. Needs ``pass.issue``.
    Raises ``NotAllowed``, ``NotFound``, ``RoleNotForPasses``, ``ExpiryOutOfBounds``, ``AlreadyEnrolled``
    and ``BadInput`` with a problem per bad line.
    """
    by.require("pass.issue")
    own = ground_of(unit)
    if unit.first is None:
        # A partner works in compounds of several communities: each hands out passes for its own, row by row.
        if not any(by.scope.covers(ground) for ground in own):
            raise NotFound
    elif unit.place not in by.scope or not all(by.scope.covers(ground) for ground in own):
        raise NotFound
    role = Role.objects.filter(code=role_code).first()
    if role is None or not role.for_passes:
        raise RoleNotForPasses(role=role_code)
    if not at < expires_at <= at + LONGEST_PASS:
        raise ExpiryOutOfBounds(days=LONGEST_PASS.days)
    if team_ids:
        rows = [
            row if row.team is not None else row._replace(team=team_ids[n % len(team_ids)])
            for n, row in enumerate(rows)
        ]
    units, grounds, problems = check_rows(rows, unit=unit, scope=by.scope)
    if problems:
        raise BadInput(problems[:MOST_PROBLEMS], lines=len(problems))
    if not rows:
        raise BadInput([gettext("the list is empty")])
    batch = batch_of(rows, role_code=role_code, unit=unit, expires_at=expires_at)
    if Pass.objects.filter(batch=batch).everywhere("the batch is this unit's own").exists():
        raise AlreadyEnrolled(batch=batch)
    passes = [
        Pass(
            serial=uuid7(),
            role=role,
            unit=where,
            team=row.team,
            label=row.label.strip(),
            first=ground.first,
            last=ground.last,
            issued_at=at,
            expires_at=expires_at.replace(microsecond=0),
            issued_by=by.label[:120],
            batch=batch,
            line=number,
        )
        for number, (row, where, ground) in enumerate(zip(rows, units, grounds, strict=True), 1)
    ]
    try:
        with transaction.atomic():
            Pass.objects.bulk_create(passes, batch_size=1000)
    except IntegrityError:  # the same list was sent a second time at the same moment
        raise AlreadyEnrolled(batch=batch) from None
    record(
        "access.enrol_workers",
        subject=f"access.Pass:{batch}",
        by=by,
        at=at,
        place=unit.place,
        data={"passes": len(passes), "role": role_code, "unit": unit.code, "until": expires_at.isoformat()},
    )
    return [Enrolled(issued, token := token_for(issued), link_for(token)) for issued in passes]


def batch_of(rows: Sequence[WorkerRow], *, role_code: str, unit: Unit, expires_at: datetime) -> str:
    """This function will name a list by its content, so that sending it twice is seen."""
    digest = hashlib.blake2b(key=settings.SECRET_KEY.encode()[:64], digest_size=12)
    digest.update(f"{role_code}\n{unit.code}\n{expires_at.isoformat()}\n".encode())
    for row in rows:
        digest.update(f"{row.label}\t{row.code}\t{row.team}\n".encode())
    return digest.hexdigest()


def issue_pass(
    *,
    label: str,
    role_code: str,
    unit: Unit,
    code: str = "",
    team: int | None = None,
    expires_at: datetime,
    by: Actor,
    at: datetime,
) -> Enrolled:
    """This function will give one person a pass; see ``enrol_workers`` for what may be refused."""
    (enrolled,) = enrol_workers(
        [WorkerRow(label, code, team)], role_code=role_code, unit=unit, expires_at=expires_at, by=by, at=at
    )
    return enrolled


@transaction.atomic
def revoke_passes(
    passes: PassQuerySet | None = None, *, team_ids: Iterable[int] | None = None, by: Actor, at: datetime
) -> int:
    """This function will take back passes, of a queryset or of teams, as far as they lie in the actor's
    ground; returns how many were in force. It holds everywhere within five seconds.

    Needs ``pass.issue`` or ``release.run``; raises ``NotAllowed``.
    """
    if not by.can("release.run"):
        by.require("pass.issue")
    chosen = Pass.objects.all() if passes is None else passes
    if team_ids is not None:
        chosen = chosen.filter(team__in=list(team_ids))
    elif passes is None:
        raise TypeError("say which passes: a queryset or team_ids")
    count = chosen.within(by.scope).filter(revoked_at=None).update(revoked_at=at)
    if count:
        place = by.scope.ranges[0].first if by.scope.ranges else None
        record("access.revoke_passes", subject="access.Pass", by=by, at=at, place=place, data={"passes": count})
        transaction.on_commit(forget)
    return count
