"""Acts on data return: a column order of another system is kept under a name."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput, Refusal

from ..models import ColumnOrder, Form
from ..queries.answers import paths_by_word, questions_of
from ..rules.columns import read_columns

MOST_ORDERS = 50


class NameMissing(Refusal):
    code = "column_order_name_missing"
    sentence = _("Give the column order the name of the system that wants it.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="name")


class OrderOfAnother(Refusal):
    code = "column_order_of_another"
    sentence = _("%(unit)s keeps a column order of this name; give yours another name.")
    status = 409


class ColumnsUnread(BadInput):
    """Lines of a column order that cannot be read; ``problems`` names each."""

    code = "columns_unread"
    sentence = _("Some lines of the column order cannot be read; nothing was saved.")


@transaction.atomic
def save_order(form: Form, *, name: str, lines: str, by: Actor, at: datetime) -> ColumnOrder:
    """This function will keep the columns that another system wants, one line each, under its name.

    A name that the own unit keeps is replaced. Needs ``desk.view``. Raises ``NotAllowed``, ``NameMissing``,
    ``ColumnsUnread``, ``OrderOfAnother``.
    """
    by.require("desk.view")
    name = name.strip()
    if not name or len(name) > 80:
        raise NameMissing
    columns, wrong = read_columns(lines, paths=paths_by_word(questions_of(form)))
    held = ColumnOrder.objects.select_for_update(of=("self",)).filter(form_code=form.code)
    if wrong or not columns:
        raise ColumnsUnread(wrong or [_now("no column is named")])
    if held.exclude(name=name).count() >= MOST_ORDERS:
        raise ColumnsUnread([_now("at most %(most)s column orders for a form") % {"most": MOST_ORDERS}])
    others = held.filter(name=name).exclude(unit=None).exclude(unit=by.unit_id).select_related("unit").first()
    if others is not None and others.unit is not None:
        raise OrderOfAnother(field="name", unit=others.unit)
    order, _made = ColumnOrder.objects.update_or_create(
        form_code=form.code,
        name=name,
        defaults={
            "columns": [{"header": one.header, "path": one.path, "text": one.text} for one in columns],
            "at": at,
            "by_label": by.label,
            "unit_id": by.unit_id,
        },
    )
    record("forms.save_order", subject=order, by=by, at=at, data={"form": form.code, "name": name})
    return order
