"""Undoing an import: all its matters go out again with their counts, unless somebody worked on one of them."""

from collections import Counter
from datetime import datetime
from functools import cache

from django.db import transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.desk.api import recall_sources
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound, Refusal
from qipan.kernel.sql import fetch
from qipan.kernel.text import in_city_language

from ..ingest import Standing, Tally, add_counts
from ..models import Import, Matter, MatterStep
from ..rules import limits
from ..terms import StepKind
from .exclusions import source_of_import

# In this order: the lines say which matters are meant. Foreign keys are looked at when all is done.
UNDO = (
    "DELETE FROM matters_exclusion WHERE matter_id IN (SELECT matter_id FROM matters_importline WHERE batch_id = %s)",
    "DELETE FROM matters_matterstep WHERE matter_id IN (SELECT matter_id FROM matters_importline WHERE batch_id = %s)",
    "DELETE FROM matters_report WHERE matter_id IN (SELECT matter_id FROM matters_importline WHERE batch_id = %s)",
    "DELETE FROM matters_matter WHERE id IN (SELECT matter_id FROM matters_importline WHERE batch_id = %s)",
    "DELETE FROM matters_importline WHERE matter_id IN (SELECT matter_id FROM matters_importline WHERE batch_id = %s)",
)


class ImportInUse(Refusal):
    code = "import_in_use"
    sentence = ngettext_lazy(
        "%(matters)s matter of this import was worked on since; it cannot be undone any more.",
        "%(matters)s matters of this import were worked on since; it cannot be undone any more.",
        "matters",
    )


class UndoneAlready(Refusal):
    code = "undone_already"
    sentence = _("This import was undone already.")


@transaction.atomic
@in_city_language
def undo_import(batch: Import, *, by: Actor, at: datetime) -> Import:
    """This function will take all matters of an import out again, with their counts; its own row stays as undone.

    Not once anybody has worked on one of them. Needs ``matter.import``. Raises ``NotAllowed``, ``NotFound``
    (some lie outside the scope), ``UndoneAlready``, ``ImportInUse``.
    """
    by.require("matter.import")
    held = Import.objects.select_for_update().filter(pk=batch.pk).first()
    if held is None:
        raise NotFound
    if held.undone_at is not None:
        raise UndoneAlready
    everywhere = Matter.objects.everywhere("an import is undone whole; its ground is checked")
    rows = everywhere.filter(imported__batch=held)
    # All are locked first: an act that came before has left its step, one that comes later finds nothing.
    places = dict(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", "place"))
    if any(place not in by.scope for place in set(places.values())):
        raise NotFound
    tallies, standings = _counted(held)
    waiting = rows.exclude(waiting=None).order_by("pk").values_list("waiting__source", flat=True)
    recall_sources([*waiting, source_of_import(held.pk)], note=_now("The import was undone"), by=by, at=at)
    for statement in UNDO:
        fetch(statement, (held.pk,))
    add_counts(tallies, standings)
    held.undone_at, held.undone_by = at, by.label[:120]
    held.save(update_fields=["undone_at", "undone_by"])
    data = {"file": held.name, "matters": len(places)}
    record("matters.undo_import", subject=held, by=by, at=at, data=data)
    return held


def _counted(batch: Import) -> tuple[Counter[Tally], Counter[Standing]]:
    """What the counts lose; raises ``ImportInUse`` when a step follows the import's own last one."""
    tallies: Counter[Tally] = Counter()
    standings: Counter[Standing] = Counter()
    month = cache(limits.month_of)
    over: set[int] = set()
    worked: set[int] = set()
    steps = MatterStep.objects.filter(matter__imported__batch=batch).order_by("pk")
    columns = ("matter_id", "matter__place", "matter__category_id", "unit_id", "at", "kind", "detail", "matter__state")
    for key, place, category, unit, at, kind, detail, state in steps.values_list(*columns).iterator(chunk_size=5000):
        if key in over:
            worked.add(key)
        community = limits.community_of(place)
        tallies[community, category, "IMPORT", unit or 0, month(at), kind, detail, False] -= 1
        if kind == StepKind.IMPORTED:
            over.add(key)
            standings[community, state, False] -= 1
    if worked:
        raise ImportInUse(matters=len(worked))
    return tallies, standings
