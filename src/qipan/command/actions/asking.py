"""A directive that asks units to fill in a form: the form opens with the tasks and closes with them (SVC-9, SVC-13)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.utils.timezone import get_default_timezone, localtime
from django.utils.translation import gettext_lazy as _

from qipan.desk.api import Admission
from qipan.duties.api import Unit
from qipan.forms.api import Form, FormOpening, close_forms, open_form
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import Refusal

from .. import rules
from ..models import Directive


class FormOfAnother(Refusal):
    code = "form_of_another"
    sentence = _("“%(title)s” was issued by %(issuer)s; only that unit or a command asks others to fill it in.")
    status = 403


class FormNeedsAdmission(Refusal):
    """SVC-9: whoever is on the ground sees an open form, also where only a command was told of it."""

    code = "form_needs_admission"
    sentence = _(
        "“%(title)s” would stand on the desks and phones of communities: a form is opened under a work admission of the lead "
        "organisation, or under a declaration. Nothing was issued."
    )


class FormNotAdmitted(Refusal):
    """SVC-9, SVC-13: what a form costs is counted by the application that named it."""

    code = "form_not_admitted"
    sentence = _("“%(admission)s” was not admitted for the form “%(title)s”. Choose the admission of this form.")


class SeriesIncomplete(Refusal):
    code = "series_incomplete"
    sentence = _(
        "To ask again, choose a form, a due time for the first round, and the last day on which a round opens."
    )
    status = 400


class SeriesTooShort(Refusal):
    code = "series_too_short"
    sentence = _("No second round would open until %(until)s. Choose a later day, or ask only once.")
    status = 400


class RoundsOverlap(Refusal):
    code = "rounds_overlap"
    sentence = _("A round is due before the next one opens: choose a due time before %(next)s.")
    status = 400


class SeriesTooLong(Refusal):
    """SVC-9: a round is asked only while admission and passport hold."""

    code = "series_too_long"
    sentence = _(
        "The last round would be due on %(due)s, but admission and passport hold until %(until)s. Choose an earlier day."
    )


class RhythmNotAdmitted(Refusal):
    """SVC-9: hours a month were admitted with how often it is asked."""

    code = "rhythm_not_admitted"
    sentence = _("“%(admission)s” was admitted to be asked %(admitted)s; that is less often.")


def check_form(form: Form, *, issuer: Unit, admission: Admission | None) -> None:
    """This function will refuse a form that its issuer may not ask for: who issued it asks, or a command, and under the
    admission that named it; in an emergency under the command's. Whichever kinds of units are told, an open form reaches
    every desk and phone on its ground (SVC-9). Raises ``FormOfAnother``, ``FormNeedsAdmission``, ``FormNotAdmitted``.
    """
    if form.issuer_id != issuer.pk and not issuer.organ_type.is_command:
        raise FormOfAnother(title=form, issuer=form.issuer)
    if admission is None:
        raise FormNeedsAdmission(title=form)
    if not admission.declaration and admission.form_code != form.code:
        raise FormNotAdmitted(admission=admission.title, title=form)


def check_series(
    *,
    every: str,
    until: date | None,
    due_at: datetime | None,
    form: Form | None,
    admission: Admission | None,
    at: datetime,
    final: bool = False,
) -> datetime | None:
    """This function will return when the second round of a directive opens that is issued at ``at``; None where it asks
    once, or where this may be the ``final`` round and no other would open.

    Raises ``SeriesIncomplete``, ``SeriesTooShort``, ``RoundsOverlap``, ``SeriesTooLong``, ``RhythmNotAdmitted``.
    """
    if not every:
        return None
    if form is None or due_at is None or until is None:
        raise SeriesIncomplete
    zone = get_default_timezone()
    openings = [moment for _n, moment in rules.rounds_after_first(first=at, every=every, until=until, zone=zone)]
    if not openings:
        if final:
            return None
        raise SeriesTooShort(until=f"{until:%Y-%m-%d}")
    if due_at > openings[0]:
        raise RoundsOverlap(next=_said(openings[0]))
    last = rules.round_due(planned=openings[-1], span=due_at - at, opened=openings[-1], zone=zone)
    end = min([form.valid_to, *([admission.valid_to] if admission else [])])
    if last > end:
        raise SeriesTooLong(due=_said(last), until=_said(end))
    # In an emergency the command admits its own work at once, and the declaration's end is its end.
    if admission is not None and not admission.declaration and not rules.as_seldom(every, admission.how_often):
        raise RhythmNotAdmitted(admission=admission.title, admitted=admission.get_how_often_display())
    return openings[0]


def _said(moment: datetime) -> str:
    return f"{localtime(moment):%Y-%m-%d %H:%M}"


def open_for(directive: Directive, grounds: Sequence[Range], *, by: Actor, at: datetime) -> None:
    """This function will open a directive's form where it is asked for: a week longer than there is time, and never longer
    than passport and admission."""
    form, admission = directive.form, directive.admission
    if form is None:
        return
    ends = [form.valid_to, admission and admission.valid_to, directive.due_at and directive.due_at + rules.LATE_ANSWERS]
    open_form(
        form,
        grounds=grounds,
        closes_at=min(end for end in ends if end),
        emergency=admission.declaration if admission else "",
        source=directive.source,
        admission=admission,
        by=by,
        at=at,
        drill=directive.drill,
    )


def close_for(directives: Iterable[Directive], *, by: Actor, at: datetime) -> None:
    """This function will close what directives have opened."""
    sources = [directive.source for directive in directives if directive.form_id is not None]
    if openings := list(FormOpening.objects.filter(source__in=sources)):
        close_forms(openings, by=by, at=at)
