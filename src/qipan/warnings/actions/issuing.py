"""Issuing, updating and cancelling warnings: each is a message of its own (EMG-13) and moves the pre-alert (EMG-5)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from qipan.duties.api import Unit, ground_of, signing_unit
from qipan.journal.api import publish, queue_message, record
from qipan.kernel.actor import Actor
from qipan.kernel.ids import uuid7
from qipan.kernel.place import Range
from qipan.kernel.refusal import BadInput, NotFound, Refusal
from qipan.kernel.text import plain_text
from qipan.territory.api import get_area

from .. import rules
from ..models import ReceivedAlert, Warning, WarningGround
from ..queries import kind_name
from ..terms import Certainty, Colour, MessageKind, Urgency
from .prealert import follow_warning
from .receiving import relay_alert

LABELS = {
    "kind": _("kind of warning"),
    "colour": _("colour"),
    "basis": _("basis"),
    "headline": _("headline"),
    "starts_at": _("start"),
    "expires_at": _("end"),
    "ground_codes": _("area"),
    "description": _("what is to be expected"),
    "instruction": _("what people should do"),
}


@dataclass(frozen=True)
class WarningIssued:
    """A message of a warning was sent: it warns, updates or cancels."""

    warning_id: int
    drill: bool


class WarningIncomplete(BadInput):
    """A required part is missing; ``problems`` names each."""

    code = "warning_incomplete"
    sentence = _("The warning is incomplete; nothing was issued (Emergency Response Law 2024, art. 64).")


class WarnerNotCompetent(Refusal):
    code = "warner_not_competent"
    sentence = _(
        "%(issuer)s may not issue warnings of this kind: that is for governments at county level and above "
        "(Emergency Response Law 2024, art. 64)."
    )
    status = 403


class WarningOutsideGround(Refusal):
    code = "warning_outside_ground"
    sentence = _("%(issuer)s is not in charge of all of this area.")


class WarningTimesDisordered(Refusal):
    code = "warning_times_disordered"
    sentence = _("A warning starts before it ends, and ends in the future.")
    status = 400


class WarningOver(Refusal):
    code = "warning_over"
    sentence = _("The warning is over: it was updated, was cancelled or has expired.")
    status = 409


class WarningOfAnother(Refusal):
    code = "warning_of_another"
    sentence = _("%(issuer)s issued the warning; it updates and cancels it.")
    status = 403


class UpdateReasonMissing(Refusal):
    code = "warning_reason_missing"
    sentence = _("Say why the warning is changed or cancelled.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="reason")


@transaction.atomic
def issue_warning(
    *,
    kind: str,
    colour: int | None,
    issuer: Unit | None,
    basis: str,
    headline: str,
    description: str,
    instruction: str,
    ground_codes: Sequence[str],
    starts_at: datetime | None,
    expires_at: datetime | None,
    urgency: str = Urgency.EXPECTED,
    certainty: str = Certainty.LIKELY,
    headline_en: str = "",
    description_en: str = "",
    instruction_en: str = "",
    drill: bool = False,
    relays: ReceivedAlert | None = None,
    by: Actor,
    at: datetime,
) -> Warning:
    """This function will issue a warning on areas; it ends by itself at ``expires_at``.

    ``relays`` is the alert from outside that is issued by it. Needs ``warning.issue``, for the actor's own unit. Raises ``NotAllowed``, ``WarningIncomplete`` (each missing part),
    ``WarnerNotCompetent``, ``NotFound`` (an area that is unknown or out of reach), ``WarningOutsideGround``,
    ``WarningTimesDisordered``, ``AlertDecided``, ``NoNewWarning``.
    """
    by.require("warning.issue")
    content = {
        "kind": kind if kind in rules.kinds() else "",
        "colour": colour if colour in Colour.values else None,
        "basis": basis,
        "headline": headline,
        "headline_en": headline_en,
        "starts_at": starts_at,
        "expires_at": expires_at,
        "description": description,
        "description_en": description_en,
        "instruction": instruction,
        "instruction_en": instruction_en,
        "urgency": urgency if urgency in Urgency.values else Urgency.EXPECTED,
        "certainty": certainty if certainty in Certainty.values else Certainty.LIKELY,
    }
    codes = list(dict.fromkeys(ground_codes))
    sent = _send(MessageKind.ALERT, content, codes, issuer=issuer, before=None, reason="", drill=drill, by=by, at=at)
    if relays is not None:
        relay_alert(relays, sent, by=by, at=at)
    return sent


@transaction.atomic
def update_warning(
    warning: Warning,
    *,
    ground_codes: Sequence[str],
    reason: str,
    relays: ReceivedAlert | None = None,
    by: Actor,
    at: datetime,
    **changes: Any,
) -> Warning:
    """This function will replace a warning by a message that says what holds now; the old one stays readable.

    ``changes`` are the contents of ``issue_warning``; what is not given stays. ``relays`` is the alert from outside that
    updates what the warning was issued from. Raises ``WarningOver``, ``WarningOfAnother``, ``UpdateReasonMissing``,
    ``AlertOfAnother`` and what ``issue_warning`` raises.
    """
    held = _held(warning, by=by, at=at)
    if not reason.strip():
        raise UpdateReasonMissing
    names = (*rules.REQUIRED, "headline_en", "description_en", "instruction_en", "urgency", "certainty")
    content = {name: changes.get(name, getattr(held, name)) for name in names if name != "ground_codes"}
    codes = list(dict.fromkeys(ground_codes))
    sent = _send(
        MessageKind.UPDATE,
        content,
        codes,
        issuer=signing_unit(held.issuer, by=by),
        before=held,
        reason=reason,
        drill=held.drill,
        by=by,
        at=at,
    )
    if relays is not None:
        relay_alert(relays, sent, by=by, at=at)
    return sent


@transaction.atomic
def cancel_warning(
    warning: Warning, *, reason: str, relays: ReceivedAlert | None = None, by: Actor, at: datetime
) -> Warning:
    """This function will cancel a warning by a message of its own, on the same areas, with the reason.

    ``relays`` is the alert from outside that cancels what the warning was issued from. Raises ``NotAllowed``,
    ``NotFound``, ``WarningOver``, ``WarningOfAnother``, ``UpdateReasonMissing``, ``AlertDecided``, ``AlertOfAnother``.
    """
    held = _held(warning, by=by, at=at)
    if not reason.strip():
        raise UpdateReasonMissing
    names = ("kind", "colour", "basis", "headline", "headline_en", "description", "description_en", "instruction",
             "instruction_en", "urgency", "certainty", "starts_at", "expires_at")  # fmt: skip
    content = {name: getattr(held, name) for name in names}
    codes = list(dict.fromkeys(held.grounds.order_by("pk").values_list("code", flat=True)))
    sent = _send(
        MessageKind.CANCEL,
        content,
        codes,
        issuer=signing_unit(held.issuer, by=by),
        before=held,
        reason=reason,
        drill=held.drill,
        by=by,
        at=at,
    )
    if relays is not None:
        relay_alert(relays, sent, by=by, at=at)
    return sent


def _held(warning: Warning, *, by: Actor, at: datetime) -> Warning:
    """The warning, locked, where it is the actor's to change and still holds."""
    by.require("warning.issue")
    held = Warning.objects.select_for_update(of=("self",)).select_related("issuer__organ_type").get(pk=warning.pk)
    if held.issuer.place not in by.scope:
        raise NotFound
    if by.unit_id is None or signing_unit(held.issuer, by=by) is None:
        raise WarningOfAnother(issuer=held.issuer)
    if held.msg_type == MessageKind.CANCEL or held.expires_at <= at or Warning.objects.filter(replaces=held).exists():
        raise WarningOver
    return held


def _send(
    message: str,
    content: dict[str, Any],
    codes: list[str],
    *,
    issuer: Unit | None,
    before: Warning | None,
    reason: str,
    drill: bool,
    by: Actor,
    at: datetime,
) -> Warning:
    content = {name: plain_text(value) if isinstance(value, str) else value for name, value in content.items()}
    missing = rules.missing_of({**content, "ground_codes": " ".join(codes)})
    if missing or issuer is None:
        problems = [_now("%(field)s is missing") % {"field": LABELS[name]} for name in missing]
        raise WarningIncomplete(problems)
    if issuer.pk != by.unit_id:
        raise WarningOfAnother(issuer=issuer)
    organ = issuer.organ_type
    kind = rules.kinds()[content["kind"]]
    if not rules.may_warn(kind, rank=organ.authority_rank, executes_only=organ.executes_only):
        raise WarnerNotCompetent(issuer=issuer)
    grounds = _grounds(codes, before=before, message=message)
    if message != MessageKind.CANCEL:  # what was told is taken back everywhere, also where the issuer lost the ground
        own = ground_of(issuer)
        if any(ground.without(by.scope.ranges) for _code, ground in grounds):
            raise NotFound
        if any(ground.without(own) for _code, ground in grounds):
            raise WarningOutsideGround(issuer=issuer)
        if not (content["starts_at"] < content["expires_at"] and content["expires_at"] > at):
            raise WarningTimesDisordered(field="expires_at")
    sent = Warning.objects.create(
        **content,
        identifier=f"qipan-{uuid7()}",
        msg_type=message,
        issuer=issuer,
        reason=plain_text(reason).strip(),
        sent_at=at.replace(microsecond=0),  # CAP knows whole seconds, and a reference must name the same moment
        replaces=before,
        drill=drill,
    )
    WarningGround.objects.bulk_create(
        WarningGround(warning=sent, code=code, first=ground.first, last=ground.last) for code, ground in grounds
    )
    record(
        "warnings.send",
        subject=sent,
        by=by,
        at=at,
        place=issuer.place,
        data={"message": message, "identifier": sent.identifier, "kind": sent.kind, "colour": sent.colour, "areas": codes,
              "starts_at": sent.starts_at.isoformat(), "expires_at": sent.expires_at.isoformat(), "reason": sent.reason},
        drill=drill,
    )  # fmt: skip
    follow_warning(sent, by=by, at=at)
    _tell(sent, [ground for _code, ground in grounds], at=at)
    publish(WarningIssued(warning_id=sent.pk, drill=drill))
    return sent


def _grounds(codes: Sequence[str], *, before: Warning | None, message: str) -> list[tuple[str, Range]]:
    """The ground of each area, by code: as the map has it. A cancellation has what the message before has; an update too
    for an area that has ended since. Raises ``NotFound``."""
    held: dict[str, list[Range]] = defaultdict(list)
    for one in before.grounds.order_by("pk") if before else ():
        held[one.code].append(Range(one.first, one.last))
    found: list[tuple[str, Range]] = []
    for code in codes:
        ranges: Sequence[Range] = held.get(code, [])
        if message != MessageKind.CANCEL:
            try:
                ranges = get_area(code).ranges
            except NotFound:
                if not ranges:
                    raise
        found += [(code, ground) for ground in ranges]
    return found


def _tell(sent: Warning, grounds: Sequence[Range], *, at: datetime) -> None:
    """Units with a channel on the ground are told which warning, and where to read it (ORG-11)."""
    with override(settings.LANGUAGE_CODE):
        said = f"{sent.get_colour_display()} · {kind_name(sent.kind)} · {sent.get_msg_type_display()}"
    payload = {
        "what": "warning.issued",
        "said": said,
        "path": f"/warnings/one/{sent.identifier}",
        "ranges": [[ground.first, ground.last] for ground in grounds],
    }
    queue_message("notice", key=f"warning:{sent.identifier}", payload=payload, at=at, drill=sent.drill)
