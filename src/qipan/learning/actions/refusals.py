"""What the acts of this room refuse, and why."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.kernel.refusal import Refusal


class NotTheLead(Refusal):
    code = "not_the_lead"
    sentence = _("%(unit)s leads this review.")
    status = 403


class ReviewClosed(Refusal):
    code = "review_closed"
    sentence = _("This review is closed; what it found stays as it was.")


class ReportMissing(Refusal):
    """EMG-17: an event is not closed without an evaluation report."""

    code = "report_missing"
    sentence = _(
        "The event is not closed without an evaluation report (Emergency Response Law 2024, art. 92): %(parts)s."
    )


class TestsUnanswered(Refusal):
    """PRI-4: the five tests are answered, each with evidence."""

    __test__ = False
    code = "tests_unanswered"
    sentence = ngettext_lazy(
        "%(count)s of the five tests has no answer yet.", "%(count)s of the five tests have no answer yet.", "count"
    )


class ImprovementsMissing(Refusal):
    """EMG-17: an event is not closed without tasks of improvement."""

    code = "improvements_missing"
    sentence = _(
        "The event is not closed without at least one improvement task with an owner and a day. Nothing is so good "
        "that nothing can be better."
    )


class WordsMissing(Refusal):
    code = "words_missing"
    sentence = _("Please write something here.")
    status = 400


class OwnerUnknown(Refusal):
    code = "owner_unknown"
    sentence = _("Choose the organ that answers for it. Work for communities goes through work admission.")
    status = 400


class DayNotAhead(Refusal):
    code = "day_not_ahead"
    sentence = _("Choose a day that lies ahead.")
    status = 400


class PlaybookUnknown(Refusal):
    code = "playbook_unknown"
    sentence = _("Choose the playbook that it is to change.")
    status = 400


class LessonDecided(Refusal):
    code = "lesson_decided"
    sentence = _("This lesson was decided already.")


class LessonNotAccepted(Refusal):
    code = "lesson_not_accepted"
    sentence = _("Only an accepted lesson changes a playbook, and only once.")


class StepUnknown(Refusal):
    code = "step_unknown"
    sentence = _("The playbook has no such step.")
    status = 400


class WeaknessMended(Refusal):
    code = "weakness_mended"
    sentence = _("This was mended already.")


class NotTheOwnersPost(Refusal):
    code = "not_the_owners_post"
    sentence = _("%(owner)s answers for this; it, or the lead organisation, says what was done.")
    status = 403


class ItemIncomplete(Refusal):
    code = "item_incomplete"
    sentence = _(
        "Each item needs its name, its unit of measure, the amount on hand and how much is used in a day, at least 1. "
        "Empty all four to take it off the list."
    )
    status = 400


class ItemTwice(Refusal):
    code = "item_twice"
    sentence = _("This item stands in the list already.")
    status = 400


class TooManyItems(Refusal):
    code = "too_many_items"
    sentence = _("The list holds at most %(most)s items.")
    status = 400


class CountsIncomplete(Refusal):
    code = "counts_incomplete"
    sentence = _("Enter both numbers, or leave both empty.")
    status = 400


class MoreHelpedThanThere(Refusal):
    code = "more_helped_than_there"
    sentence = _("No more households can have a helper than there are.")
    status = 400


class NothingSaid(Refusal):
    code = "nothing_said"
    sentence = _("Enter at least one item, or both numbers of households.")
    status = 400


class ChangedMeanwhile(Refusal):
    code = "changed_meanwhile"
    sentence = _("Somebody changed these figures meanwhile. Look at them once more and press again.")
