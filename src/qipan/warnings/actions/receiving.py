"""Alerts from outside: kept as they were read, and issued or set aside by an official."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput, Refusal

from .. import rules
from ..models import ReceivedAlert, Warning
from ..queries import chain_of, later_alerts, organ_of
from ..terms import ReceivedState


class AlertUnread(BadInput):
    """What was brought is no CAP 1.2 message; ``problems`` names each fault by its element."""

    code = "alert_unread"
    sentence = _("This is not a CAP 1.2 message that can be read; nothing was kept.")


class NotForThePublic(Refusal):
    code = "alert_not_for_the_public"
    sentence = _("The message is restricted or private by its own words; it is not kept here.")


class AlertDecided(Refusal):
    code = "alert_decided"
    sentence = _("This alert was issued or set aside already.")
    status = 409


class NoNewWarning(Refusal):
    code = "alert_no_new_warning"
    sentence = _("This message warns of nothing real that is to come: it cancels, answers, tests or exercises. It is not issued here as a warning.")  # fmt: skip


class AlertOfAnother(Refusal):
    code = "alert_of_another"
    sentence = _("This message neither updates nor cancels what this warning was issued from.")


class ReasonNeeded(Refusal):
    code = "alert_reason_needed"
    sentence = _("Say why the alert is set aside.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="reason")


@transaction.atomic
def receive_alert(raw: bytes, *, by: Actor, at: datetime) -> ReceivedAlert:
    """This function will keep an alert that an official brought; the same message again is the same row.

    It warns nobody by itself. Needs ``warning.issue``. Raises ``NotAllowed``, ``AlertUnread``, ``NotForThePublic``.
    """
    by.require("warning.issue")
    try:
        alert = rules.read_alert(raw)
    except rules.NotCap as fault:
        raise AlertUnread(fault.problems) from None
    if alert.scope != "Public":
        raise NotForThePublic
    info = next((one for one in alert.infos if one.language.lower().startswith("zh")), next(iter(alert.infos), None))
    row, made = ReceivedAlert.objects.get_or_create(
        sender=alert.sender,
        identifier=alert.identifier,
        sent_at=alert.sent,
        defaults={
            "status": alert.status,
            "msg_type": alert.msg_type,
            "event": (info.event if info else "")[:200],
            "severity": info.severity if info else "Unknown",
            "headline": ((info.headline or info.event) if info else alert.note or alert.identifier)[:300],
            "areas": "\n".join(description for description, _codes in info.areas) if info else "",
            "expires_at": info.expires if info else None,
            "cap": rules.alert_xml(alert).decode(),  # what was not read (a contact, a picture) is not kept
            "unit": organ_of(by),
            "received_at": at,
            "by_label": by.label,
        },
    )
    if made:
        data = {"sender": row.sender, "identifier": row.identifier, "status": row.status, "msg_type": row.msg_type}
        record("warnings.receive", subject=row, by=by, at=at, place=row.unit.place, data=data)
    return row


def _waiting(alert: ReceivedAlert, *, by: Actor) -> ReceivedAlert:
    by.require("warning.issue")
    row = ReceivedAlert.objects.select_for_update(of=("self",)).select_related("unit").get(pk=alert.pk)
    if row.state != ReceivedState.WAITING:
        raise AlertDecided
    return row


@transaction.atomic
def relay_alert(alert: ReceivedAlert, warning: Warning, *, by: Actor, at: datetime) -> None:
    """This function will note that an alert from outside was issued here as a message of a warning: a new one, or the
    update or cancellation of the warning that was issued from what it refers to.

    Raises ``NotAllowed``, ``AlertDecided``, ``NoNewWarning``, ``AlertOfAnother``.
    """
    row = _waiting(alert, by=by)
    if warning.replaces_id is None:
        if not rules.warns(row.status, row.msg_type):
            raise NoNewWarning
    elif row.msg_type != warning.msg_type or row not in later_alerts(chain_of(warning)):
        raise AlertOfAnother
    row.state, row.warning = ReceivedState.RELAYED, warning
    row.save(update_fields=["state", "warning"])
    record("warnings.relay", subject=row, by=by, at=at, place=row.unit.place, data={"warning": warning.identifier})


@transaction.atomic
def set_aside(alert: ReceivedAlert, *, reason: str, by: Actor, at: datetime) -> None:
    """This function will set an alert from outside aside, with the reason. Raises ``NotAllowed``, ``AlertDecided``, ``ReasonNeeded``."""
    row = _waiting(alert, by=by)
    if not reason.strip():
        raise ReasonNeeded
    row.state, row.reason = ReceivedState.SET_ASIDE, reason.strip()[:300]
    row.save(update_fields=["state", "reason"])
    record("warnings.set_aside", subject=row, by=by, at=at, place=row.unit.place, data={"reason": row.reason})
