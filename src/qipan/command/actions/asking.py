"""A directive that asks units to fill in a form: the form opens with the tasks and closes with them (SVC-9, SVC-13)."""

from collections.abc import Sequence
from datetime import datetime

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


class FormNotAdmitted(Refusal):
    """SVC-9, SVC-13: what a form costs is counted by the application that named it."""

    code = "form_not_admitted"
    sentence = _("“%(admission)s” was not admitted for the form “%(title)s”. Choose the admission of this form.")


def check_form(form: Form, *, issuer: Unit, admission: Admission | None) -> None:
    """This function will refuse a form that its issuer may not ask for: who issued it asks, or a command, and under the
    admission that named it; in an emergency under the command's. Raises ``FormOfAnother``, ``FormNotAdmitted``."""
    if form.issuer_id != issuer.pk and not issuer.organ_type.is_command:
        raise FormOfAnother(title=form.label, issuer=form.issuer.label)
    if admission is not None and not admission.declaration and admission.form_code != form.code:
        raise FormNotAdmitted(admission=admission.title, title=form.label)


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
        by=by,
        at=at,
        drill=directive.drill,
    )


def close_for(directive: Directive, *, by: Actor, at: datetime) -> None:
    """This function will close what a directive has opened."""
    if directive.form_id is not None and (openings := list(FormOpening.objects.filter(source=directive.source))):
        close_forms(openings, by=by, at=at)
