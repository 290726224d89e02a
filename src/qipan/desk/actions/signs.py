"""What may hang at a community's door, and what was reported because it may not (SVC-12)."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit, lead_body
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.calendar import Kind, due_time
from qipan.kernel.refusal import BadInput, NotFound, Refusal

from .. import rules
from ..models import Sign, SignReport
from ..queries.signs import listed
from ..terms import ClockKind, SignState, TaskKind, TaskState
from .receipts import answer_task
from .sending import send_task
from .terminals import community_of

DECIDE_DAYS = 5  # working days in which the lead organisation answers


class MayHang(Refusal):
    """The plaque stands on the list."""

    code = "sign_may_hang"
    sentence = _("“%(name)s” is on the list of what may hang at the door: %(basis)s")


class SignDecided(Refusal):
    code = "sign_decided"
    sentence = _("This report was decided already.")


@transaction.atomic
def list_sign(*, name: str, basis: str, name_en: str = "", by: Actor, at: datetime) -> Sign:
    """This function will put a plaque on the list of what may hang at the door, from today; the same again changes nothing.

    Needs ``admission.decide``. Raises ``NotAllowed``, ``BadInput`` without a name or a basis.
    """
    by.require("admission.decide")
    if not name.strip() or not basis.strip():
        raise BadInput([gettext("the name or the basis is missing")])
    sign, made = Sign.objects.get_or_create(
        name=name.strip()[:80],
        valid_to=None,
        defaults={"name_en": name_en.strip()[:120], "basis": basis.strip()[:300], "valid_from": localdate(at)},
    )
    if made:
        record("desk.list_sign", subject=sign, by=by, at=at, data={"name": sign.name, "basis": sign.basis})
    return sign


@transaction.atomic
def end_sign(sign: Sign, *, by: Actor, at: datetime) -> None:
    """This function will take a plaque off the list, from today. Raises ``NotAllowed``, ``NotFound``."""
    by.require("admission.decide")
    if not Sign.objects.filter(pk=sign.pk, valid_to=None).update(valid_to=localdate(at)):
        raise NotFound
    record("desk.end_sign", subject=sign, by=by, at=at, data={"name": sign.name})


@transaction.atomic
def report_sign(*, words: str, demander: Unit | None = None, by: Actor, at: datetime) -> SignReport:
    """This function will report a plaque that is not on the list: a complaint on the lead organisation's desk.

    The same plaque of the same unit again, before it is decided, is the same report. Raises ``NotAllowed`` unless the
    actor's unit only executes, ``MayHang`` with the basis where the list holds it, ``BadInput`` without words.
    """
    unit = community_of(by)
    if not words.strip():
        raise BadInput([gettext("what stands on the plaque is missing")])
    sign = rules.sign_named(words, listed(at))
    if sign is not None:
        raise MayHang(name=sign, basis=sign.basis)
    report, made = SignReport.objects.within(by.scope).get_or_create(
        unit=unit,
        words=words.strip()[:80],
        state=SignState.REPORTED,
        defaults={"place": unit.place, "demander": demander, "reported_at": at},
    )
    if not made:
        return report
    with override(settings.LANGUAGE_CODE):  # a task is a document of the city
        told = {"words": report.words, "unit": unit.label, "by": demander.label if demander else gettext("not said")}
        title = gettext("A plaque that is not on the list at %(unit)s: “%(words)s” (wanted by: %(by)s)") % told
        basis = gettext("List of what may hang at a community's door")
    report.task = send_task(
        kind=TaskKind.REQUEST,
        source=f"sign:{report.pk}",
        title=title[:200],
        asker=unit,
        owner=lead_body(),
        place=unit.place,
        basis=basis,
        due_at=due_time(at, DECIDE_DAYS, Kind.WORKING_DAYS).at,
        by=by,
        at=at,
        clock=ClockKind.WORKING_DAYS,
    )
    report.save(update_fields=["task"])
    data = {"words": report.words, "demander": demander.code if demander else ""}
    record("desk.report_sign", subject=report, by=by, at=at, place=unit.place, data=data)
    return report


@transaction.atomic
def decide_sign(report: SignReport, *, may_hang: bool, reason: str, by: Actor, at: datetime) -> SignReport:
    """This function will decide on a report, once: it is put on the list with the reason as its basis, or comes down.

    It ends the task on the desk. Needs ``admission.decide``. Raises ``NotAllowed``, ``NotFound``, ``SignDecided``,
    ``BadInput`` without a reason.
    """
    by.require("admission.decide")
    held = SignReport.objects.within(by.scope).select_for_update(of=("self",)).filter(pk=report.pk).first()
    if held is None:
        raise NotFound
    if held.state != SignState.REPORTED:
        raise SignDecided
    if not reason.strip():
        raise BadInput([gettext("the reason is missing")])
    held.state = SignState.MAY_HANG if may_hang else SignState.TAKE_DOWN
    held.decided_at, held.decided_by, held.reason = at, by.label[:120], reason.strip()[:300]
    held.save(update_fields=["state", "decided_at", "decided_by", "reason"])
    if may_hang:
        list_sign(name=held.words, basis=held.reason, by=by, at=at)
    if held.task is not None:
        answer_task(held.task, state=TaskState.DONE, note=held.reason, by=by, at=at, on_its_page=True)
    data = {"words": held.words, "state": held.state, "reason": held.reason}
    record("desk.decide_sign", subject=held, by=by, at=at, place=held.place, data=data)
    return held
