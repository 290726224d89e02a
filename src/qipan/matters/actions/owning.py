"""What is held of a reporter, or of somebody who was handed over, for whoever holds the code of that one purpose."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound
from qipan.kernel.retention import Held, Look, Opener, Own

from ..models import Contact, Handover, Referral, Report
from ..queries.joining import followed
from ..queries.kept import is_kept
from ..queries.offices import office_for
from ..queries.referrals import referral_by_code
from ..rules import limits
from .privacy import KeptByHold, erase_words, under_hold, words_later
from .referring import erase_own_handover

REACH = "reach"


def _report(code: str) -> Report | None:
    """The report of a track code, as long as anything of it is held: longer than the code follows the matter."""
    tidy = limits.tidy_code(code)
    if len(tidy) != limits.CODE_LENGTH:
        return None
    hashed = limits.keyed_hash(tidy, key=settings.SECRET_KEY, purpose="track")
    return Report.objects.select_related("matter__handler", "matter__root").filter(code_hash=hashed).first()


def open_report(code: str, at: datetime) -> Own | None:
    """This function will return what is held of whoever reported, by the track code; None when it opens no report."""
    report = _report(code)
    if report is None:
        return None
    matter = followed(report)
    after = _("a year after the matter has ended")
    held = []
    contact = Contact.objects.filter(report=report).first()
    if contact is not None:
        held.append(Held(_("How to reach you"), contact.reach, contact.erase_at, correct=REACH))
    if report.text:
        held.append(Held(_("What you said"), report.text, None, ends=after))
    if report.spot:
        held.append(Held(_("Where exactly, in your words"), report.spot, None, ends=after))
    for step in words_later([report.pk]).order_by("pk"):
        held.append(
            Held(_("What you said later (%(step)s)") % {"step": step.get_kind_display()}, step.note, None, ends=after)
        )
    pictures = report.photo_set.count()
    if pictures:
        held.append(Held(_("Pictures that you gave"), str(pictures), None, ends=after))
    looks = [Look(one.at, one.by_label, one.why) for one in report.looks.order_by("pk")]
    unit = matter.handler or office_for(matter.place)
    return Own(
        subject=f"matters.Report:{report.pk}",
        purpose=_("to put right what you reported"),
        held=held,
        looks=looks,
        unit_id=unit.pk,
        place=matter.place,
        drill=matter.drill,
    )


def correct_report(subject: str, name: str, value: str, *, by: Actor, at: datetime) -> None:
    """This function will change how a reporter is reached. Raises ``NotFound`` when nothing was left to be reached by."""
    if name != REACH or not Contact.objects.filter(report=_key(subject)).update(reach=value):
        raise NotFound


def destroy_report(subject: str, *, by: Actor, at: datetime) -> None:
    """This function will erase what a reporter gave; the matter stays, which is about a place. Raises ``KeptByHold``."""
    if under_hold(at=at).filter(pk=_key(subject)).exists():
        raise KeptByHold
    erase_words([_key(subject)])


def open_referral(code: str, at: datetime) -> Own | None:
    """This function will return what was handed over, by the code on the slip; None when it opens no referral."""
    try:
        referral = referral_by_code(code)
    except NotFound:
        return None
    handover = Handover.objects.filter(referral=referral).first()
    held = []
    if handover is not None:
        said = {
            _("Your door"): f"{handover.door:019d}",
            _("What you need"): handover.get_need_display() if handover.need else "",
            _("How to reach you"): handover.reach,
            _("When you can be reached"): handover.get_hours_display() if handover.hours else "",
        }
        kept = is_kept(referral, at=at)
        until, ends = (None, _("the end of the written assessment that keeps it")) if kept else (referral.erase_at, "")
        held = [Held(label, value, until, ends=ends) for label, value in said.items() if value]
    looks = [
        Look(one.at, one.unit.label, referral.get_purpose_display())
        for one in referral.looks.select_related("unit").order_by("pk")
    ]
    return Own(
        subject=f"matters.Referral:{referral.pk}",
        purpose=referral.get_purpose_display(),
        held=held,
        looks=looks,
        unit_id=referral.sender_id,
        place=referral.place,
        drill=referral.drill,
    )


def correct_referral(subject: str, name: str, value: str, *, by: Actor, at: datetime) -> None:
    """This function will refuse: what was handed over is corrected by the office that handed it over, on a wish."""
    raise NotFound


def destroy_referral(subject: str, *, by: Actor, at: datetime) -> None:
    """This function will erase what was handed over. Raises ``ByLaw`` where the law requires it until its day,
    ``KeptByHold`` where a written assessment keeps it.
    """
    held = Referral.objects.everywhere("by the wish of whoever holds its code").get(pk=_key(subject))
    erase_own_handover(held, by=by, at=at)


def _key(subject: str) -> int:
    return int(subject.partition(":")[2])


OWN_REPORT = Opener(gettext_lazy("a report"), open_report, correct_report, destroy_report)
OWN_REFERRAL = Opener(gettext_lazy("a referral"), open_referral, correct_referral, destroy_referral)
