"""Reading the field dictionary: what is in force, what is held, who asks it already."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import Q, QuerySet

from .. import rules
from ..models import FieldEntry, FieldValue, Form, FormQuestion
from ..terms import FILLS_IN, Held, Subject


def fields_on(on: date | None = None) -> QuerySet[FieldEntry]:
    """This function will return the dictionary in force, on a day or now, by code."""
    rows = FieldEntry.objects.select_related("owner").order_by("code")
    if on is None:
        return rows.filter(valid_to=None)
    return rows.filter(Q(valid_to=None) | Q(valid_to__gt=on), valid_from__lte=on)


def entries(subject: str) -> dict[str, rules.Entry]:
    """This function will return the fields in force by code, as rules read them for a form about ``subject``.

    A field is held when one of the project's registers can fill it in there: for ``values``, when some were brought.
    """
    fills_in = FILLS_IN.get(Subject(subject), set()) if subject in Subject.values else set()
    brought = set(FieldValue.objects.values_list("field_code", flat=True).distinct())
    return {
        one.code: rules.Entry(
            code=one.code,
            about=one.about,
            sensitivity=one.sensitivity,
            held=one.held in fills_in and (one.held != Held.VALUES or one.code in brought),
        )
        for one in FieldEntry.objects.filter(valid_to=None)
    }


def asked_elsewhere(codes: Iterable[str], *, except_code: str, at: datetime) -> dict[str, list[Form]]:
    """This function will return which valid forms ask for these fields, without the versions of ``except_code``.

    Of each form its newest version counts; what it fills in from a register it does not ask. What the valid version
    of ``except_code`` asks already is nothing new, so that a form admitted beside it does not keep it from its next.
    """
    asking = (
        FormQuestion.objects.filter(
            field_code__in=set(codes), held=False, form__valid_from__lte=at, form__valid_to__gt=at
        )
        .exclude(form__code=except_code)
        .select_related("form__issuer")
        .defer("form__source", "form__xform")
        .order_by("form__code", "-form__version")
    )
    newest: dict[str, int] = {}
    for code, version in (
        Form.objects.filter(valid_from__lte=at).order_by("code", "version").values_list("code", "version")
    ):
        newest[code] = version
    found: dict[str, list[Form]] = defaultdict(list)
    own = (
        Form.objects.filter(code=except_code, valid_from__lte=at, valid_to__gt=at)
        .order_by("-version")
        .only("pk")
        .first()
    )
    mine = set(own.questions.filter(held=False).values_list("field_code", flat=True)) if own else set()
    for question in asking.exclude(field_code__in=mine):
        if question.form.version == newest[question.form.code]:
            found[question.field_code].append(question.form)
    return dict(found)
