"""A reporter's contact: looked at with a reason that the reporter reads, erased when the purpose is over."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.monthly import month_of
from qipan.kernel.refusal import NotFound, Refusal
from qipan.kernel.retention import held_grounds
from qipan.kernel.scoped import overlapping

from ..models import Allowance, Contact, ContactLook, Handling, Matter, MatterStep, Photo, Report
from ..queries.joining import followed
from ..rules import loop
from .steps import check_speaker, locked, need_office_or_handler

AFTER_END = timedelta(days=30)  # as long as it can be reopened
KEEP_ALLOWANCE = timedelta(days=1)


class KeptByHold(Refusal):
    code = "kept_by_hold"
    sentence = _("A written assessment keeps this for now; it is erased when that ends.")


@transaction.atomic
def look_at_contact(report: Report, *, why: str, by: Actor, at: datetime) -> str:
    """This function will return how to reach a reporter, and write down who looked, when and why.

    For the unit that handles the matter that the report follows, and the office that watches over it
    (``matter.dispatch``). Raises
    ``NotAllowed``, ``NotFound`` (none was left, or it is erased), ``ReasonNeeded``.
    """
    fresh = Report.objects.select_related("matter__root").filter(pk=report.pk).first()
    if fresh is None:
        raise NotFound
    held, now = locked(followed(fresh), by=by, act=None)
    need_office_or_handler(now, by=by)
    why = loop.said(why)
    contact = Contact.objects.filter(report__pk=report.pk).first()
    if contact is None:
        raise NotFound
    ContactLook.objects.create(report=report, at=at, by_label=by.label[:120], why=why[:200])
    record(
        "matters.look_at_contact",
        subject=f"matters.Report:{report.pk}",
        by=by,
        at=at,
        place=held.place,
        data={"matter": held.pk},
        drill=held.drill,
    )
    return contact.reach


def under_hold(*, at: datetime) -> QuerySet[Report]:
    """This function will return the reports that a hold in force keeps: what belongs to them goes with them, not before."""
    kept = Q(pk__in=[])
    for key, grounds in held_grounds("matters.Report", at=at).items():
        first, end, drill = month_of(key)
        for joined, matter in ((False, "matter"), (True, "matter__root")):  # whose words go with whose
            when = {"ended_at": None} if first is None else {"ended_at__gte": first, "ended_at__lt": end}
            of = {f"{matter}__{name}": value for name, value in {**when, "drill": drill}.items()}
            ground = overlapping(grounds, f"{matter}__place", f"{matter}__place")
            kept |= Q(matter__root__isnull=not joined, **of) & ground
    return Report.objects.filter(kept)


@transaction.atomic
def erase_contacts(*, by: Actor, at: datetime) -> int:
    """This function will erase contacts whose time is over, or whose matter ended 30 days ago; returns how many.

    Needs ``matter.dispatch``. Raises ``NotAllowed``.
    """
    by.require("matter.dispatch")
    Allowance.objects.filter(hour__lt=at - KEEP_ALLOWANCE).delete()
    # Who was joined elsewhere follows that matter, and is told until it has ended.
    ended = Q(report__matter__root=None, report__matter__ended_at__lte=at - AFTER_END)
    theirs = Q(report__matter__root__ended_at__lte=at - AFTER_END)
    over = Contact.objects.filter(Q(erase_at__lte=at) | ended | theirs)
    keys = list(over.exclude(report__in=under_hold(at=at)).values_list("pk", flat=True)[:5000])
    if not keys:
        return 0
    erased, _by_model = Contact.objects.filter(pk__in=keys).delete()
    record("matters.erase_contacts", subject="matters.Contact", by=by, at=at, data={"contacts": erased})
    return erased


@transaction.atomic
def stop_telling(report: Report, *, here: Iterable[Actor] = (), by: Actor, at: datetime) -> None:
    """This function will erase how to reach a reporter, who is told nothing more; for whoever holds the code, as
    ``confirm_matter``: who handled it does not keep its reporter from hearing of it.

    Raises ``NotFound`` when nothing was left, or it is erased, ``HandlerSpeaks``, ``KeptByHold``.
    """
    _held, now = locked(followed(report), by=by, act=None)
    check_speaker(now, here)
    rows = Contact.objects.filter(report=report.pk)
    if under_hold(at=at).filter(pk=report.pk).exists():
        raise KeptByHold
    erased, _by_model = rows.delete()
    if not erased:
        raise NotFound
    subject = f"matters.Report:{report.pk}"
    record("matters.stop_telling", subject=subject, by=by, at=at, place=report.matter.place, drill=report.matter.drill)


def destroy_reports(keys: Sequence[int]) -> None:
    """This function will destroy what reports and their matters say in words and pictures; counts and steps stay.

    With reports that were joined to the matter. In the caller's transaction, which has the right and keeps the record.
    """
    matters = set(Report.objects.filter(pk__in=keys).values_list("matter", flat=True))
    joined = Matter.objects.everywhere("what was joined goes with it").filter(root__in=matters)
    matters |= set(joined.values_list("pk", flat=True))
    erase_words(list(Report.objects.filter(matter__in=matters).values_list("pk", flat=True)))
    MatterStep.objects.filter(matter__in=matters).exclude(note="").update(note="")
    Handling.objects.filter(matter__in=matters).update(objection="", result="", wish_reason="", done_by=None)
    Photo.objects.filter(matter__in=matters).delete()


def erase_words(reports: Sequence[int]) -> None:
    """This function will erase what reporters themselves gave: words, spot, pictures, contact and who looked at it."""
    Contact.objects.filter(report__in=reports).delete()
    ContactLook.objects.filter(report__in=reports).delete()
    Photo.objects.filter(report__in=reports).delete()
    words_later(reports).update(note="")
    Report.objects.filter(pk__in=reports).update(text="", spot="")


def words_later(reports: Sequence[int]) -> QuerySet[MatterStep]:
    """This function will return the steps that these reporters took with a reason: a doubt, a reopening."""
    return MatterStep.objects.filter(report__in=reports).exclude(note="")
