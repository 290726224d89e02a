"""The contact of a property company: a post and the line that reaches it, kept by the company itself (FRC-5)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound, Refusal

from .. import rules
from ..models import CompanyContact, Unit


class ContactPostMissing(Refusal):
    code = "contact_post_missing"
    sentence = _("Say which post answers.")
    status = 400


class LineUnreadable(Refusal):
    code = "line_unreadable"
    sentence = _("Give the line on which the post is reached.")
    status = 400


class LinePersonal(Refusal):
    code = "line_personal"
    sentence = _("This is a mobile phone. Give the post's own line: a landline or a short number.")
    status = 400


def check_line(line: str) -> None:
    """This function will raise ``LineUnreadable`` or ``LinePersonal`` unless a post is reached on this line."""
    problem = rules.line_problem(line)
    if problem:
        raise (LinePersonal if problem == "personal" else LineUnreadable)(field="line")


@transaction.atomic
def keep_contact(company: Unit, *, post: str, line: str, by: Actor, at: datetime) -> CompanyContact:
    """This function will keep which post of a company answers for its contract, and on which line, in place of the last.

    The same once more keeps that it was looked at. Needs ``contact.keep`` in that very company. Raises ``NotAllowed``,
    ``NotFound`` (another company, or a unit that looks after no compound), ``ContactPostMissing``, ``LineUnreadable``,
    ``LinePersonal``.
    """
    by.require("contact.keep")
    if by.unit_id != company.pk or not company.looks_after or company.valid_to is not None:
        raise NotFound
    post, line = post.strip()[:80], line.strip()[:40]
    if not post:
        raise ContactPostMissing(field="post")
    check_line(line)
    kept = {"post": post, "line": line, "kept_at": at, "kept_by": by.label[:120]}
    contact, _new = CompanyContact.objects.update_or_create(unit=company, defaults=kept)
    record("duties.keep_contact", subject=contact, by=by, at=at, place=company.place, data={"post": post})
    return contact
