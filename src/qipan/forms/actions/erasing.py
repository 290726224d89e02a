"""The end of filled forms: the clock erases what is kept long enough, a run of two people what an emergency asked for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.retention import Sealed, Taken, digest_of_lines

from ..models import Attachment, Form, Submission
from ..queries.clock import Answers, of_lot, under_hold
from ..queries.own import looks_of_nothing
from ..queries.submissions import asked_by, keep_days
from ..rules.submission import without_points
from .versions import lock, lock_words, put_together, versions_of

AT_ONCE = 1000  # rows erased in one transaction
LOOKED_AT = ("pk", "record", "merged__isnull", "place")


def destroy(found: Sequence[tuple[Any, ...]]) -> None:
    """This function will destroy filled forms (``LOOKED_AT``) with their files and the looks at them; inside an act.

    What is left of a record whose first version goes stands for itself: each version is a whole form.
    """
    keys = {row[0] for row in found}
    lock(*lock_words(*(row[3] for row in found)))
    torn = {first or pk for pk, first, alone, *_rest in found if first or not alone}
    left = [one for one in versions_of(torn) if one.pk not in keys]
    Submission.objects.everywhere("erasure knows no ground").filter(pk__in=keys).delete()
    put_together(left)
    looks_of_nothing().delete()


@transaction.atomic
def erase_submissions(*, by: Actor, at: datetime) -> int:
    """This function will erase filled forms whose time is over, with their files; returns how many, at most 1,000.

    What an emergency asked for is destroyed by two people (``AnswersHolder``), and not here.
    """
    by.require("form.erase")
    due = Submission.objects.everywhere("erasure knows no ground").filter(emergency="", erase_at__lte=at)
    found = list(due.exclude(under_hold(at=at)).order_by("erase_at", "pk").values_list(*LOOKED_AT)[:AT_ONCE])
    if not found:
        return 0
    destroy(found)
    record("forms.erase_submissions", subject="forms.Submission", by=by, at=at, data={"submissions": len(found)})
    return len(found)


@transaction.atomic
def forget_points(*, by: Actor, at: datetime) -> int:
    """This function will forget where whoever filled in a form stood, once visits are verified (red line 9); returns of how
    many forms, at most 1,000. All else that was answered stays.
    """
    by.require("form.erase")
    due = Submission.objects.everywhere("forgetting knows no ground").filter(points_until__lte=at)
    found = list(due.exclude(under_hold(at=at)).order_by("points_until", "pk").values_list(*LOOKED_AT)[:AT_ONCE])
    if not found:
        return 0
    lock(*lock_words(*(row[3] for row in found)))
    rows = list(due.filter(pk__in=[one[0] for one in found]).defer("xml"))
    forms = Form.objects.defer("source").filter(pk__in={row.form_id for row in rows})
    asked = {form.pk: asked_by(form) for form in forms}
    for row in rows:
        row.answers, row.points_until = without_points(row.answers, asked[row.form_id]), None
        row.save(update_fields=["answers", "points_until"])
    put_together(versions_of({first or pk for pk, first, *_rest in found}))
    record("forms.forget_points", subject="forms.Submission", by=by, at=at, data={"submissions": len(found)})
    return len(found)


@transaction.atomic
def start_clock(emergency: str, *, at: datetime) -> int:
    """This function will start the clock of what was answered for an emergency, at its end; returns how many answers.

    Posture calls it in the act that ends a declaration, whose right and journal entry are its own.
    """
    rows = Submission.objects.everywhere("the end of an emergency, over all of its ground").filter(
        emergency=emergency, erase_at=None
    )
    forms = Form.objects.filter(pk__in=rows.values("form"))
    return sum(
        rows.filter(form=form).update(erase_at=at + timedelta(days=keep_days(form)))
        for form in forms.defer("source", "xform")
    )


class AnswersHolder(Answers):
    """Destroys the answers of a form that was asked for an emergency, in a run of two people."""

    def prove(self, key: str) -> None:
        """This method has nothing to prove: no figure that stays comes from answers."""

    def seal(self, key: str, *, by: Actor, at: datetime) -> Sealed | None:
        """This method has nothing to seal."""
        return None

    def take(self, key: str, *, after: str, most: int, held: Sequence[Range]) -> Taken:
        """This method will destroy the next answers of the lot, in the order of their keys, with their files.

        What stands in the chain is the keyed digest of each, as the journal has it.
        """
        rows = Submission.objects.everywhere("a destruction knows no ground").exclude(emergency="")
        some = rows.filter(of_lot(key), erase_at__isnull=False, pk__gt=int(after or 0)).order_by("pk")
        found = list(some.values_list(*LOOKED_AT, "digest")[: min(most, AT_ONCE)])
        gone = [row for row in found if not any(row[3] in ground for ground in held)]
        if gone:
            destroy(gone)
        digest = digest_of_lines([row[4] for row in gone]) if gone else ""
        last = str(found[-1][0]) if len(found) == min(most, AT_ONCE) else None
        return Taken(last, len(gone), len(found) - len(gone), digest)

    def tables(self) -> tuple[str, ...]:
        """This method will return the tables that give up their freed pages."""
        return (Submission._meta.db_table, Attachment._meta.db_table)


ANSWERS = AnswersHolder()
