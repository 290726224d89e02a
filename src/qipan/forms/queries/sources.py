"""Reading sources that are pulled: who sees which, what is due, where each value came from."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotAllowed, NotFound

from ..models import DataSource, FieldEntry, FieldValue, FieldValues
from ..terms import Held
from .fields import fields_on

EDIT = "field.edit"


def owned_fields(actor: Actor) -> list[FieldEntry]:
    """This function will return the fields held by registers of which the actor may see sources: all, or the own unit's.

    Raises ``NotAllowed`` where there are none to see.
    """
    rows = fields_on().filter(held=Held.VALUES)
    if actor.can(EDIT):
        return list(rows)
    found = list(rows.filter(owner_id=actor.unit_id)) if actor.unit_id else []
    if not found:
        raise NotAllowed(act=EDIT)
    return found


def sources_for(actor: Actor) -> list[tuple[DataSource, FieldEntry | None]]:
    """This function will return the sources that the actor may see, each with its field in force. Raises ``NotAllowed``."""
    fields = {one.code: one for one in owned_fields(actor)}
    rows = DataSource.objects.filter(ended_at=None).order_by("field_code")
    if not actor.can(EDIT):
        rows = rows.filter(field_code__in=fields)
    return [(one, fields.get(one.field_code)) for one in rows]


def field_of(source: DataSource) -> FieldEntry | None:
    """This function will return the field of a source as the dictionary has it now; None when it has it no more."""
    return fields_on().filter(code=source.field_code).first()


def get_source(pk: int, *, actor: Actor) -> DataSource:
    """This function will return a source that has not ended, for who keeps the dictionary or owns its field.

    Raises ``NotFound``.
    """
    found = DataSource.objects.filter(pk=pk, ended_at=None).first()
    if found is None:
        raise NotFound
    if not actor.can(EDIT):
        field = field_of(found)
        if field is None or actor.unit_id is None or field.owner_id != actor.unit_id:
            raise NotFound
    return found


def due_sources(*, at: datetime) -> list[int]:
    """This function will return the keys of the sources that are due, the longest waiting first."""
    rows = DataSource.objects.filter(active=True, due_at__lte=at).order_by("due_at", "pk")
    return list(rows.values_list("pk", flat=True))


def active_source(field_code: str) -> DataSource | None:
    """This function will return the source that is switched on for a field; None where files are brought by hand."""
    return DataSource.objects.filter(field_code=field_code, active=True).first()


def unchanged(source: DataSource, sha256: str) -> bool:
    """This function will say whether just this content is what is held: the field's last delivery, read in this way."""
    last = FieldValues.objects.filter(field_code=source.field_code).order_by("-pk").first()
    return last is not None and last.source_id == source.pk and last.sha256 == sha256 and last.at >= source.changed_at


def known_of(source: DataSource) -> dict[str, str]:
    """This function will return the register's marks of what it sent last, where just that is held; else none, so that all
    of it is asked for."""
    known = source.validators or {}
    return known if known and unchanged(source, str(known.get("sha256", ""))) else {}


def lineage(codes: Iterable[str]) -> dict[str, list[FieldValues]]:
    """This function will return, by field, the deliveries of which values are held now, the latest first."""
    holds = FieldValue.objects.filter(delivery=OuterRef("pk"))
    rows = FieldValues.objects.filter(Exists(holds), field_code__in=set(codes)).select_related("source")
    found: dict[str, list[FieldValues]] = defaultdict(list)
    for one in rows.order_by("-pk"):
        found[one.field_code].append(one)
    return dict(found)
