"""What ``qipan verify`` counts again: tallies from steps, standings from matters, and that nothing is half done."""

from collections import Counter
from datetime import date
from itertools import islice

from django.db.models import Count, Exists, F, Max, OuterRef, Q
from django.db.models.functions import Coalesce

from ..models import Exclusion, Handling, Import, Matter, MatterStep, Recheck, Report, Standing, StreetTally, Tally
from ..rules.figures import excluded_word, said_word, unsaid_word, verified_word
from ..rules.joining import ends_of
from ..rules.joint import cell_at
from ..rules.limits import community_of, month_of, street_of
from ..rules.loop import HELD, S
from ..terms import Confirmation, Leaving, StepKind, Verdict
from .joining import followed

MOST = 20


def audit_counts() -> list[str]:
    """This function will count steps and matters again and name the counts that differ."""
    steps: Counter[tuple[object, ...]] = Counter()
    rows = MatterStep.objects.select_related("matter").iterator(chunk_size=2000)
    for step in rows:
        matter = step.matter
        steps[
            community_of(matter.place), month_of(step.at), step.kind, step.detail, matter.category_id, matter.channel,
            step.unit_id or 0, matter.drill,
        ] += 1  # fmt: skip
    kept: Counter[tuple[object, ...]] = Counter(
        {
            (t.place, t.month, t.kind, t.detail, t.category_id, t.channel, t.unit, t.drill): t.n
            for t in Tally.objects.everywhere("an audit reads all").iterator(chunk_size=2000)
        }
    )
    found = [
        f"steps {key}: {kept[key]} kept, {steps[key]} counted" for key in {*steps, *kept} if kept[key] != steps[key]
    ]
    streets: Counter[tuple[object, ...]] = Counter()
    for (place, month, kind, detail, _category, channel, _unit, drill), n in steps.items():
        streets[street_of(int(str(place))), channel, month, kind, detail, drill] += n
    kept_streets: Counter[tuple[object, ...]] = Counter(
        {
            (t.place, t.channel, t.month, t.kind, t.detail, t.drill): t.n
            for t in StreetTally.objects.everywhere("an audit reads all").iterator(chunk_size=2000)
        }
    )
    found += [
        f"steps of a street {key}: {kept_streets[key]} kept, {streets[key]} counted"
        for key in {*streets, *kept_streets}
        if kept_streets[key] != streets[key]
    ]
    states: Counter[tuple[object, ...]] = Counter(
        (community_of(place), state, drill)
        for place, state, drill in Matter.objects.everywhere("an audit reads all")
        .values_list("place", "state", "drill")
        .iterator(chunk_size=2000)
    )
    standing: Counter[tuple[object, ...]] = Counter(
        {(s.place, s.state, s.drill): s.n for s in Standing.objects.everywhere("an audit reads all")}
    )
    found += [
        f"matters {key}: {standing[key]} kept, {states[key]} counted"
        for key in {*states, *standing}
        if standing[key] != states[key]
    ]
    return sorted(found)[:MOST]


def audit_matters() -> list[str]:
    """This function will name matters whose state, handler, tasks and steps do not agree."""
    open_part = Handling.objects.filter(matter=OuterRef("pk"), part="PRIMARY", ended_at=None)
    wrong = {
        "has no handler": Q(state__in=HELD, handler=None),
        "is dispatched and nobody has a part": Q(state__in=(S.DISPATCHED, S.OBJECTED)) & ~Exists(open_part),
        "is not dispatched and somebody has a part": ~Q(state__in=(S.DISPATCHED, S.OBJECTED)) & Exists(open_part),
        "is joined to none": Q(state=S.DUPLICATE, merged_into=None),
        "is joined and goes on": ~Q(state=S.DUPLICATE) & Q(merged_into__isnull=False),
        "has ended and waits": Q(ended_at__isnull=False, waiting__isnull=False),
        "has no step": ~Exists(MatterStep.objects.filter(matter=OuterRef("pk"))),
    }
    matters = Matter.objects.everywhere("an audit reads all")
    found = [
        f"matter {pk} {what}"
        for what, condition in wrong.items()
        for pk in matters.filter(condition).order_by("pk").values_list("pk", flat=True)[:MOST]
    ]
    return found + _audit_joined() + _audit_filed() + _audit_cells()


def _audit_joined() -> list[str]:
    """Where each chain of joinings ends, by walking it."""
    joined = Matter.objects.everywhere("an audit reads all").filter(merged_into__isnull=False).order_by("pk")
    rows = list(joined.values_list("pk", "merged_into", "root"))
    ends = ends_of({key: link for key, link, _root in rows if link is not None})
    return [
        f"matter {key} follows {root}, where its chain ends at {ends.get(key)}"
        for key, _link, root in rows
        if ends.get(key) != root
    ][:MOST]


def _audit_cells() -> list[str]:
    """What keeps coming back outside of compounds is counted by the cell that a point lies in."""
    pointed = Matter.objects.everywhere("an audit reads all").filter(Q(latitude__isnull=False) | ~Q(cell=0))
    rows = pointed.only("place", "longitude", "latitude", "cell").order_by("pk").iterator(chunk_size=2000)
    wrong = (
        f"matter {one.pk} is not in the cell of its point" for one in rows if one.cell != cell_at(one.place, one.point)
    )
    return list(islice(wrong, MOST))


def _audit_filed() -> list[str]:
    """Each is filed once where it was filed or reopened since it was last made a matter of its own again, else not at
    all; and what is reported is not filed.
    """
    again = Q(kind=StepKind.UNCOUNTED, detail__startswith=f"{StepKind.FILED}:")
    files, parts = Q(kind__in=(StepKind.FILED, StepKind.REOPENED)), Q(kind=StepKind.UNMERGED)
    sums = (
        MatterStep.objects.filter(files | parts | again)
        .order_by()
        .values("matter")
        .annotate(
            n=Count("pk", filter=Q(kind=StepKind.FILED)) - Count("pk", filter=again),
            filed=Coalesce(Max("pk", filter=files), 0),
            parted=Coalesce(Max("pk", filter=parts), 0),
        )
    )
    right = Q(n=1, filed__gt=F("parted")) | Q(n=0, filed__lte=F("parted"))
    wrong = sums.filter(~right | Q(n=1, matter__state=S.REPORTED)).order_by("matter")
    return [f"matter {key} counts as filed {n} times" for key, n in wrong.values_list("matter", "n")[:MOST]]


def audit_ways() -> list[str]:
    """This function will count again how matters were verified, from the matters that stand so now, and name the kept
    counts that differ.
    """
    kept: Counter[tuple[object, ...]] = Counter()
    rows = Tally.objects.everywhere("an audit reads all").filter(kind__in=(StepKind.VERIFIED, StepKind.UNCOUNTED))
    for one in rows.exclude(detail__startswith=f"{StepKind.FILED}:").iterator(chunk_size=2000):
        word, month, n = one.detail, one.month, one.n
        if one.kind == StepKind.UNCOUNTED:
            word, _sep, when = one.detail.rpartition(":")
            month, n = date.fromisoformat(f"{when}-01"), -one.n
        kept[one.place, month, word, one.category_id, one.channel, one.unit, one.drill] += n
    held: Counter[tuple[object, ...]] = Counter()
    matters = Matter.objects.everywhere("an audit reads all").filter(state__in=(S.VERIFIED, S.CLOSED))
    matters = matters.exclude(way="").exclude(confirmation=Confirmation.DISPUTED)
    for matter in matters.filter(verified_at__isnull=False).iterator(chunk_size=2000):
        assert matter.verified_at is not None
        held[
            community_of(matter.place), month_of(matter.verified_at), verified_word(matter.closing, matter.way),
            matter.category_id, matter.channel, matter.handler_id or 0, matter.drill,
        ] += 1  # fmt: skip
    return sorted(
        f"verified {key}: {kept[key]} kept, {held[key]} counted" for key in {*kept, *held} if kept[key] != held[key]
    )[:MOST]


def audit_words() -> list[str]:
    """This function will name the words of satisfaction, by matter, unit and month, that steps told and did not take back
    otherwise than the reports hold them that follow the matter.
    """
    told: Counter[tuple[int, int, str]] = Counter()
    steps = MatterStep.objects.filter(kind__in=(StepKind.CONFIRMED, StepKind.UNSAID)).exclude(detail="")
    for step in steps.iterator(chunk_size=2000):
        if step.kind == StepKind.UNSAID:
            told[step.matter_id, step.unit_id or 0, step.detail] -= 1
        else:
            told[step.matter_id, step.unit_id or 0, f"{step.detail}:{month_of(step.at):%Y-%m}"] += 1
    held: Counter[tuple[int, int, str]] = Counter()
    reports = Report.objects.filter(satisfied__isnull=False).select_related("matter__root")
    for report in reports.iterator(chunk_size=2000):
        matter, when = followed(report), report.said_at
        word = said_word(report.satisfied) if when is None else unsaid_word(bool(report.satisfied), month_of(when))
        held[matter.pk, matter.handler_id or 0, word] += 1
    return sorted(
        f"words of matter {key}: {held[key]} held, {told[key]} told" for key in {*held, *told} if held[key] != told[key]
    )[:MOST]


def audit_rechecks() -> list[str]:
    """This function will name sampled reviews whose verdict, steps and task do not agree."""
    counted = (Verdict.SOLVED, Verdict.NOT_SOLVED)
    told: Counter[tuple[int, str, int]] = Counter(
        MatterStep.objects.filter(kind=StepKind.RECHECKED, detail__in=counted)
        .values_list("matter", "detail", "unit")
        .iterator(chunk_size=2000)
    )
    held: Counter[tuple[int, str, int]] = Counter()
    found: list[str] = []
    rows = Recheck.objects.everywhere("an audit reads all").select_related("task").order_by("pk")
    for one in rows.iterator(chunk_size=2000):
        if one.verdict in counted:
            held[one.matter_id, one.verdict, one.closer_id] += 1
        if one.task is not None and (one.task.closed_at is None) != (one.verdict == Verdict.OPEN):
            found.append(f"review {one.pk} of matter {one.matter_id}: verdict and task do not agree")
    found += [f"reviews {key}: {held[key]} held, {told[key]} told" for key in {*held, *told} if held[key] != told[key]]
    return sorted(found)[:MOST]


def audit_exclusions() -> list[str]:
    """This function will name what was declined and whose place in the rates, steps and task do not agree."""
    told: Counter[tuple[int, str, str]] = Counter(
        MatterStep.objects.filter(kind__in=(StepKind.EXCLUDED, StepKind.KEPT_IN))
        .values_list("matter", "kind", "detail")
        .iterator(chunk_size=2000)
    )
    held: Counter[tuple[int, str, str]] = Counter()
    found: list[str] = []
    rows = Exclusion.objects.everywhere("an audit reads all").select_related("task", "matter").order_by("pk")
    for one in rows.iterator(chunk_size=2000):
        if one.verdict == Leaving.EXCLUDED:
            held[one.matter_id, StepKind.EXCLUDED, excluded_word(one.kind, month_of(one.ended_at))] += 1
        elif one.verdict == Leaving.KEPT_IN:
            held[one.matter_id, StepKind.KEPT_IN, one.kind] += 1
        waits, matter = one.verdict == Leaving.PROPOSED and one.dropped_at is None, one.matter
        if one.task is not None and (one.task.closed_at is None) != waits:
            found.append(f"exclusion {one.pk} of matter {one.matter_id}: verdict and task do not agree")
        declined = (matter.state, matter.closing, matter.ended_at) == (S.DECLINED, one.kind, one.ended_at)
        if one.dropped_at is None and not declined:
            found.append(f"exclusion {one.pk} of matter {one.matter_id}: it is not as it was declined")
    found += [
        f"exclusions {key}: {held[key]} held, {told[key]} told" for key in {*held, *told} if held[key] != told[key]
    ]
    over = Import.objects.filter(~Q(verdict=Leaving.PROPOSED) | Q(undone_at__isnull=False), task__closed_at=None)
    asked = over.filter(task__isnull=False).order_by("pk").values_list("pk", flat=True)[:MOST]
    found += [f"import {pk} is decided or undone and somebody is asked for it" for pk in asked]
    living = Exclusion.objects.everywhere("an audit reads all").filter(matter=OuterRef("pk"), dropped_at=None)
    matters = Matter.objects.everywhere("an audit reads all").filter(state=S.DECLINED)
    alone = matters.filter(~Exists(living)).order_by("pk").values_list("pk", flat=True)[:MOST]
    found += [f"matter {pk} is declined and nobody is asked whether it leaves the rates" for pk in alone]
    return sorted(found)[:MOST]
