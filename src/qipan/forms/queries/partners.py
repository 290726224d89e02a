"""What partners are not asked to fill in: they get less (red line 6)."""

from collections.abc import Iterable

from django.db.models import Q

from qipan.duties.api import is_partner
from qipan.kernel.actor import Actor

from ..models import FieldEntry, Form, FormQuestion
from ..terms import Sensitivity, Subject


def kept_from(actor: Actor, forms: Iterable[Form]) -> set[int]:
    """This function will return the keys of the forms that are not given to an actor: of a partner those about persons and
    those with a sensitive field, as the dictionary says of it now or ever did; of anybody else none.
    """
    chosen = list(forms)
    if not chosen or not (actor.partner or (actor.unit_id is not None and is_partner(actor.unit_id))):
        return set()
    beyond = FieldEntry.objects.filter(~Q(sensitivity=Sensitivity.NONE) | Q(about=Subject.PERSON))
    asking = FormQuestion.objects.filter(form__in=chosen, field_code__in=beyond.values("code"))
    return {one.pk for one in chosen if one.subject == Subject.PERSON} | set(asking.values_list("form", flat=True))
