"""Why a thing that an emergency opened is not closed yet: what a closer answers. Kept by code, said in the reader's language."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.kernel.refusal import Refusal


class PostureStays(Refusal):
    code = "posture_stays"
    sentence = ngettext_lazy(
        "The posture stays while %(count)s other item is open.",
        "The posture stays while %(count)s other items are open.",
        "count",
    )


class ApplicantEnds(Refusal):
    code = "applicant_ends"
    sentence = _("%(unit)s applied for it and ends it.")


class ImposerLifts(Refusal):
    code = "imposer_lifts"
    sentence = _("In force until %(until)s; %(issuer)s imposed it and lifts it.")


class BeyondThisGround(Refusal):
    code = "beyond_this_ground"
    sentence = _(
        "It holds beyond the ground of this emergency too, until %(until)s: %(issuer)s ends it there or narrows it."
    )


class CarriedByZone(Refusal):
    code = "carried_by_zone"
    sentence = _("The risk level of its ground carries it: it ends with that level, or %(issuer)s lifts it.")


class WarnerCancels(Refusal):
    code = "warner_cancels"
    sentence = _("In force until %(until)s; %(issuer)s issued it and cancels it.")


class LevelByCounts(Refusal):
    code = "level_by_counts"
    sentence = _("The counts still give “%(level)s”: it drops when they do and an official confirms it.")


class LevelToConfirm(Refusal):
    code = "level_to_confirm"
    sentence = _("The counts give “%(given)s” in place of “%(level)s”: %(unit)s confirms it.")


class CallerEnds(Refusal):
    code = "caller_ends"
    sentence = _("%(unit)s ordered it and ends it.")


class TurnsStand(Refusal):
    code = "turns_stand"
    sentence = ngettext_lazy(
        "%(count)s turn stands on its roster, until %(until)s.",
        "%(count)s turns stand on its roster, until %(until)s.",
        "count",
    )


class InDestruction(Refusal):
    code = "in_destruction"
    sentence = _("In destruction %(run)s.")


class UnderHold(Refusal):
    code = "under_hold"
    sentence = ngettext_lazy("%(count)s row is under a legal hold.", "%(count)s rows are under a legal hold.", "count")


class ClockNotBegun(Refusal):
    code = "clock_not_begun"
    sentence = _("Its clock has not begun: what it was collected for is not closed.")


class DueLater(Refusal):
    code = "due_later"
    sentence = _("Due on %(day)s: then two people destroy it.")


class IsDue(Refusal):
    code = "is_due"
    sentence = _("Is due: one person prepares the destruction, another approves.")


class OnDutyNow(Refusal):
    code = "on_duty_now"
    sentence = ngettext_lazy(
        "%(count)s shift is on duty now, until %(until)s.",
        "%(count)s shifts are on duty now, until %(until)s.",
        "count",
    )


class ReceiptsOpen(Refusal):
    code = "receipts_open"
    sentence = ngettext_lazy("%(count)s receipt is not finished.", "%(count)s receipts are not finished.", "count")


class IssuerRecalls(Refusal):
    code = "issuer_recalls"
    sentence = _("%(issuer)s issued it and recalls it.")


class RoundsOpen(Refusal):
    code = "rounds_open"
    sentence = ngettext_lazy("%(count)s round is not closed.", "%(count)s rounds are not closed.", "count")


class DoorsLeft(Refusal):
    code = "doors_left"
    sentence = ngettext_lazy(
        "Round open until %(until)s, %(count)s door is left.",
        "Round open until %(until)s, %(count)s doors are left.",
        "count",
    )
