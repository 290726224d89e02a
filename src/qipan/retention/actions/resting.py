"""What the purposes of personal data rest on: articles of the register of laws, as the rooms declare them or a city chose."""

from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from qipan.duties.api import Unit, lead_body
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound
from qipan.kernel.retention import PersonalData, personal_data
from qipan.laws.api import (
    Article,
    ArticleNotForUse,
    ArticleNotInForce,
    ArticleUnknown,
    Cited,
    Use,
    cite,
    cite_all,
    cited_by,
    end_citations,
    get_article,
)

from ..models import Purpose

LABEL = "retention.Purpose"


@transaction.atomic
def keep_purposes(*, at: datetime) -> int:
    """This function will have every declared purpose cite what it is declared to rest on, as far as the register has it in
    force; returns how many do since now. What rests on an article already, declared or chosen, stays as it is.

    The lead organisation answers for them. Run by the clock, so that a new version of the program needs nobody.
    """
    try:
        lead = lead_body()
    except NotFound:  # no city was made yet
        return 0
    declared = {(one.model, one.fields): one for one in personal_data()}
    held = {(one.model, one.fields): one for one in Purpose.objects.all()}
    over = [one for key, one in held.items() if key not in declared]
    end_citations(over, at=at)
    Purpose.objects.filter(pk__in=[one.pk for one in over]).delete()
    Purpose.objects.bulk_create(
        [Purpose(model=model, fields=fields) for model, fields in declared if (model, fields) not in held]
    )
    rows = {one.pk: one for one in Purpose.objects.all()}
    cited = cited_by(LABEL, rows)
    new = [
        Cited(one, article, lead.pk, lead.place)
        for key, one in sorted(rows.items())
        if key not in cited
        for article in _declared_articles(declared[(one.model, one.fields)], at=at)
    ]
    cite_all(new, use=Use.DATA_PURPOSE, at=at)
    since = len({name.pk for one in new if isinstance(name := one.subject, Purpose)})
    if new or over:
        by, data = Actor.system("purposes of personal data"), {"rest": since, "over": len(over)}
        record("retention.keep_purposes", subject=LABEL, by=by, at=at, data=data)
    return since


def _declared_articles(one: PersonalData, *, at: datetime) -> list[Article]:
    """The articles of a purpose that are in force and may carry it; a city may have put others in their place."""
    found = []
    for code in one.articles:
        try:
            found.append(get_article(code, on=localdate(at), use=Use.DATA_PURPOSE))
        except (ArticleUnknown, ArticleNotInForce, ArticleNotForUse):
            continue
    return found


@transaction.atomic
def rest_purpose(purpose: Purpose, *, article: str, by: Actor, at: datetime) -> Purpose:
    """This function will let a purpose rest on an article that somebody chose, in place of what it rested on.

    Needs ``law.edit``. Raises ``NotAllowed``, ``NotFound``, ``ArticleUnknown``, ``ArticleNotInForce``,
    ``ArticleNotForUse``.
    """
    by.require("law.edit")
    held = Purpose.objects.select_for_update().filter(pk=purpose.pk).first()
    if held is None:
        raise NotFound
    lead: Unit = lead_body()
    chosen = get_article(article, on=localdate(at), use=Use.DATA_PURPOSE)
    end_citations([held], at=at)
    cite(held, chosen.code, use=Use.DATA_PURPOSE, unit_id=lead.pk, place=lead.place, at=at)
    data = {"purpose": str(held), "article": chosen.code}
    record("retention.rest_purpose", subject=held, by=by, at=at, data=data)
    return held
