"""What people send in about rules: a draft, its days, a comment, an answer, what is adopted."""

from django.utils.translation import gettext_lazy as _

from qipan.webkit.forms import ActForm

from .register import area, day, text, tick


class DraftInput(ActForm):
    """A draft."""

    title = text(_("Title"), 120)
    title_en = text(_("Title in English"), 200, required=False)
    text = area(_("Text of the draft"), 50_000, rows=12)
    major = tick(_("A major decision: open for comments for 30 days or more"), initial=True)


class OpenInput(ActForm):
    """From when to when a draft is open for comments."""

    opens_on = day(_("First day for comments"))
    closes_on = day(_("Last day for comments"))
    urgency_reason = text(_("Why it is urgent, if it is open for less than 30 days"), 300, required=False)


class CloseInput(ActForm):
    """Closing a draft for comments before its time."""

    urgency_reason = text(_("Why it is urgent, if it was open for less than 30 days"), 300, required=False)


class CommentInput(ActForm):
    """What somebody says to a draft."""

    text = area(_("Your comment"), 2000, rows=5)


class AnswerInput(ActForm):
    """One answer to one comment or to many."""

    text = area(_("Answer to comments"), 2000, rows=3)
    taken_over = tick(_("The draft is changed by it"))
    withhold = tick(_("Do not show the words: they name a person"))


class AdoptInput(ActForm):
    """What is adopted, from when, and when it is looked at again."""

    text = area(_("Text as adopted"), 50_000, rows=12)
    in_force_from = day(_("In force from"))
    review_on = day(_("Looked at again on"))


class ReviewInput(ActForm):
    """What a review found."""

    note = area(_("What was found"), 500)
    review_on = day(_("Looked at again on"))


class EndInput(ActForm):
    """Why a rule ends or a draft is withdrawn."""

    reason = text(_("Reason"), 300)
