"""One matter: its whole history, and everything that a post can do with it."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import signed_in
from qipan.duties.api import Role, get_unit, named_primary, proposals
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotFound, Refusal
from qipan.webkit.forms import offer

from ..actions.dispatching import (
    add_cooperating,
    arbitrate_matter,
    dispatch_matter,
    finish_part,
    object_to_matter,
    waive_part,
)
from ..actions.exclusions import decide_exclusion
from ..actions.filing import decline_matter, file_matter, reopen_matter, review_shelved, shelve_matter, take_up
from ..actions.handling import let_stand, report_done, send_back, verify_matter
from ..actions.intake import part_report, place_label
from ..actions.joining import merge_matter, unmerge_matter
from ..actions.points import correct_point
from ..actions.privacy import look_at_contact
from ..actions.suggesting import decide_beside
from ..actions.times import ask_time, decide_time, resume_part
from ..input.forms import (
    ActForm,
    DecideTimeForm,
    DeclineForm,
    DoneForm,
    ExcludeForm,
    FileForm,
    HelpForm,
    LookForm,
    MergeForm,
    PartForm,
    PointForm,
    ReasonForm,
    ResultForm,
    RulingForm,
    ShelveForm,
    TimeForm,
    UnitForm,
    VerifyForm,
    grouped,
)
from ..models import Category, Exclusion, Handling, Matter, Report
from ..queries.exclusions import exclusions_of, may_decide
from ..queries.joining import shown_photos
from ..queries.mapping import drawing_around
from ..queries.parts import reached, told_photos
from ..queries.patterns import agreed_late, calls_of, hazards_of, silent
from ..queries.reading import (
    categories,
    get_category,
    get_matter,
    history,
    late_parts,
    parts_of,
    pictures_of,
    pk_of,
    reports_of,
    targets,
    with_contact,
)
from ..queries.rechecks import recheck_of
from ..queries.suggesting import Proposed, advice_on, shown_token
from ..rules.loop import ENDED, MOVES, S
from ..rules.points import point_from
from ..terms import Part, Suggested
from .parts import PART_ACTS, after_part, part_page

Given = dict[str, Any]
Act = Callable[[Matter, Given, Actor, datetime], object]


def _unit(given: Given) -> Any:
    return get_unit(given["unit"].strip())


def _part(matter: Matter, given: Given) -> Handling:
    found = Handling.objects.select_related("matter").filter(pk=given["part"], matter=matter).first()
    if found is None:
        raise NotFound
    return found


def _report(matter: Matter, given: Given) -> Report:
    found = next((one for one in reports_of(matter) if one.pk == given["report"]), None)
    if found is None:
        raise NotFound
    return found


def _merge(matter: Matter, given: Given, actor: Actor, at: datetime) -> object:
    other = get_matter(pk_of(given["into"]) or 0, actor=actor)
    return merge_matter(matter, into=other, by=actor, at=at)


def _file(matter: Matter, given: Given, actor: Actor, at: datetime) -> object:
    category = get_category(given["category"]) if given["category"] else None
    return file_matter(matter, category=category, note=given["note"], by=actor, at=at)


# What can be done on a matter's page: the form that is filled, and the act.
ACTS: dict[str, tuple[type[ActForm], Act]] = {
    "file": (FileForm, _file),
    "decline": (DeclineForm, lambda m, g, a, t: decline_matter(m, kind=g["kind"], reason=g["reason"], by=a, at=t)),
    "merge": (MergeForm, _merge),
    "unmerge": (ActForm, lambda m, g, a, t: unmerge_matter(m, by=a, at=t)),
    "dispatch": (UnitForm, lambda m, g, a, t: dispatch_matter(m, unit=_unit(g), by=a, at=t)),
    "object": (ReasonForm, lambda m, g, a, t: object_to_matter(m, reason=g["reason"], by=a, at=t)),
    "arbitrate": (
        RulingForm, lambda m, g, a, t: arbitrate_matter(m, unit=_unit(g), reason=g["reason"], by=a, at=t),
    ),
    "cooperate": (
        HelpForm,
        lambda m, g, a, t: add_cooperating(m, unit=_unit(g), due_at=g["due_at"], note=g["note"], by=a, at=t),
    ),
    "waive": (PartForm, lambda m, g, a, t: waive_part(_part(m, g), reason=g["reason"], by=a, at=t)),
    "finish": (ResultForm, lambda m, g, a, t: finish_part(m, result=g["result"], by=a, at=t)),
    "report_done": (
        DoneForm,
        lambda m, g, a, t: report_done(m, kind=g["kind"], result=g["result"], photos=g["photos"], by=a, at=t),
    ),
    "verify": (VerifyForm, lambda m, g, a, t: verify_matter(m, way=g["way"], note=g["note"], by=a, at=t)),
    "send_back": (ReasonForm, lambda m, g, a, t: send_back(m, reason=g["reason"], by=a, at=t)),
    "let_stand": (ReasonForm, lambda m, g, a, t: let_stand(m, reason=g["reason"], by=a, at=t)),
    "shelve": (
        ShelveForm,
        lambda m, g, a, t: shelve_matter(
            m, reason=g["reason"], plan=g["plan"], review_at=g["review_at"], by=a, at=t
        ),
    ),
    "review": (
        ShelveForm,
        lambda m, g, a, t: review_shelved(
            m, reason=g["reason"], plan=g["plan"], review_at=g["review_at"], by=a, at=t
        ),
    ),
    "take_up": (ActForm, lambda m, g, a, t: take_up(m, by=a, at=t)),
    "reopen": (ReasonForm, lambda m, g, a, t: reopen_matter(m, reason=g["reason"], by=a, at=t)),
    "exclude": (
        ExcludeForm,
        lambda m, g, a, t: decide_exclusion(m, confirmed=g["confirmed"] == "1", reason=g["reason"], by=a, at=t),
    ),
    "ask_time": (
        TimeForm, lambda m, g, a, t: ask_time(m, wish=g["wish"], until=g["until"], reason=g["reason"], by=a, at=t),
    ),
    "decide_time": (
        DecideTimeForm,
        lambda m, g, a, t: decide_time(_part(m, g), granted=g["granted"] == "1", reason=g["reason"], by=a, at=t),
    ),
    "resume": (PartForm, lambda m, g, a, t: resume_part(_part(m, g), by=a, at=t)),
    "point": (
        PointForm, lambda m, g, a, t: correct_point(m, point=point_from(g["point"]), reason=g["reason"], by=a, at=t),
    ),
    "part_report": (LookForm, lambda m, g, a, t: part_report(_report(m, g), by=a, at=t)),
    "contact": (LookForm, lambda m, g, a, t: look_at_contact(_report(m, g), why=g["why"], by=a, at=t)),
}  # fmt: skip
# What is decided beside a proposal: the chosen answer by its kind.
CHOSEN: dict[str, Callable[[Matter, Given], dict[Suggested, str]]] = {
    "file": lambda m, g: {Suggested.CATEGORY: g["category"] or m.category.code, Suggested.DUPLICATE: ""},
    "merge": lambda m, g: {Suggested.DUPLICATE: str(pk_of(g["into"]))},
    "dispatch": lambda m, g: {Suggested.UNIT: g["unit"].strip()},
}
# Where a proposal is taken over: the act, and the field of its form.
TAKEN_INTO = {
    Suggested.CATEGORY: ("file", "category"),
    Suggested.UNIT: ("dispatch", "unit"),
    Suggested.DUPLICATE: ("merge", "into"),
}
DISPATCHING = ("file", "dispatch", "decline", "merge", "unmerge", "cooperate", "shelve", "review", "take_up", "reopen")
VERIFYING = ("verify", "send_back", "let_stand")


def _offered(
    matter: Matter, actor: Actor, mine: Handling | None, excluded: Exclusion | None, *, at: datetime
) -> list[str]:
    """The acts that this post can do now, the usual one first."""
    state = S(matter.state)
    offered = []
    if mine is not None and actor.can("task.answer"):
        if mine.part == Part.COOPERATING:
            offered.append("finish")
        elif state == S.DISPATCHED:
            offered += ["report_done", "cooperate"]
            if matter.ruled_id is None and mine.objected_at is None and at <= mine.objects_until:
                offered.append("object")
        if not mine.wish and mine.wish_until is None:
            offered.append("ask_time")
    if actor.can("matter.arbitrate") and state == S.OBJECTED:
        offered.append("arbitrate")
    if excluded is not None and may_decide(excluded, actor=actor):
        offered.append("exclude")
    if actor.can("matter.verify"):
        offered += [act for act in VERIFYING if state in MOVES[act][0]]
    if actor.can("matter.dispatch"):
        follows = {act for act, (sources, _to) in MOVES.items() if state in sources}
        follows |= {"cooperate"} if state == S.DISPATCHED else set()
        offered += [act for act in DISPATCHING if act in follows and act not in offered]
    handles = actor.can("task.answer") and matter.handler_id is not None and matter.handler_id == actor.unit_id
    if state not in ENDED and (handles or actor.can("matter.dispatch")):
        offered.append("point")
    return offered


@require_GET
def matter_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a matter with its whole history and what this post can do with it; to a post that does not see
    matters its unit's open part alone.
    """
    matter, part = reached(pk, actor=signed_in(request))
    return _page(request, matter) if part is None else _own_page(request, part)


def _own_page(
    request: HttpRequest, part: Handling, *, bound: tuple[str, ActForm] | None = None, status: int = 200
) -> HttpResponse:
    actor, at = signed_in(request), now()
    offered = [act for act in _offered(part.matter, actor, part, None, at=at) if act in PART_ACTS]
    forms = [
        (act, bound[1] if bound and bound[0] == act else _blank(act, part.matter, at, [], (), None)) for act in offered
    ]
    return part_page(request, part, forms, bound=bound, status=status)


def _page(
    request: HttpRequest,
    matter: Matter,
    *,
    bound: tuple[str, ActForm] | None = None,
    contact: str = "",
    status: int = 200,
) -> HttpResponse:
    actor, at = signed_in(request), now()
    parts = parts_of(matter)
    mine = next((one for one in parts if one.ended_at is None and one.unit_id == actor.unit_id), None)
    reports, calls = reports_of(matter), calls_of(matter)
    excluded = exclusions_of([matter]).get(matter.pk)
    late = [*late_parts(parts, at=at), *silent(calls, at=at), *agreed_late(calls, at=at)]
    proposed = (
        proposals(matter.category.item_code, matter.place, on=localdate(at))
        if actor.can("matter.dispatch") or actor.can("matter.arbitrate")
        else []
    )
    returned = {part.unit_id for part in parts if part.objected_at is not None} - {matter.ruled_id}
    if named_primary(proposed, returned=returned) is not None:
        proposed = [one for one in proposed if not one.backstop]
    primary = {one.unit.code: one.unit for one in proposed if one.role == Role.PRIMARY}
    decides = actor.can("matter.dispatch")
    catalogue = categories() if decides and matter.state == S.REPORTED else []
    alike, suggestions = advice_on(
        matter,
        reports=reports,
        catalogue=catalogue,
        legal={code: unit.label for code, unit in primary.items() if unit.pk not in returned},
        decides=decides,
    )
    taken = next((one for one in suggestions if one.kind.value.lower() == request.GET.get("take")), None)
    forms = [
        (act, bound[1] if bound and bound[0] == act else _blank(act, matter, at, catalogue, primary, taken))
        for act in _offered(matter, actor, mine, excluded, at=at)
    ]
    shown = {
        "matter": matter,
        "where": place_label(matter.place),
        "drawing": drawing_around(matter.place) if matter.point is not None or "point" in dict(forms) else None,
        "forms": forms,
        "stray": bound if bound and bound[0] not in dict(forms) else None,
        "parts": parts,
        "blocked": late,
        "recheck": recheck_of(matter) if matter.state == S.CLOSED else None,
        "excluded": excluded,
        "calls": calls,
        "hazards": hazards_of(matter),
        "may_call": matter.state not in (*ENDED, S.REPORTED)
        and (actor.can("matter.dispatch") or actor.can("matter.arbitrate")),
        "reports": reports,
        # Who joins what is verified is asked whether it is solved; until then the words are read, and count for nothing.
        "since_verified": [
            one
            for one in reports
            if matter.verified_at is not None and one.at > matter.verified_at and one.confirmed is None
        ],
        "may_part": decides and sum(one.matter_id == matter.pk for one in reports) > 1,
        "pictures": pictures_of(matter),
        "steps": history(matter),
        "proposed": proposed,
        "targets": targets(matter) if proposed else [],
        "primary": primary,
        "alike": alike,
        "suggestions": [(one, TAKEN_INTO[one.kind][0]) for one in suggestions],
        "shown": shown_token(matter, suggestions) if suggestions else "",
        "taken": taken,
        "taken_into": TAKEN_INTO[taken.kind][0] if taken else "",
        "may_dispatch": decides,
        "may_contact": decides or (mine is not None and mine.part == Part.PRIMARY),
        "contacts": with_contact(matter),
        "contact": contact,
        "at": at,
    }
    return render(request, "matters/matter.html", shown, status=status)


def _blank(
    act: str,
    matter: Matter,
    at: datetime,
    catalogue: list[Category],
    primary: Iterable[str],
    taken: Proposed | None,
) -> ActForm:
    """An empty form, with what is usual; a proposal that was taken over stands in its field, and nothing is sent."""
    usual = {
        "review_at": at + timedelta(days=30),
        "unit": next(iter(primary), ""),
        "point": matter.point.text if matter.point is not None else "",
    }
    form = ACTS[act][0](auto_id=f"{act}_%s", initial=usual)
    if act == "file":
        offer(form, "category", grouped(catalogue))
        form.initial["category"] = matter.category.code
    if taken is not None and TAKEN_INTO[taken.kind][0] == act:
        form.initial[TAKEN_INTO[taken.kind][1]] = taken.value
    return form


@require_POST
def matter_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will do one act on a matter; what is refused is said beside its form, and what was typed stays."""
    actor = signed_in(request)
    matter, part = reached(pk, actor=actor)
    if act not in ACTS:
        raise NotFound
    if part is not None and act not in PART_ACTS:
        actor.require("matter.view")
    kind, run = ACTS[act]
    form = kind(request.POST, request.FILES, auto_id=f"{act}_%s")
    if act == "file":
        offer(form, "category", grouped(categories()))
    if act == "part_report":
        form.fields["why"].required = False
    if act == "resume":
        form.fields["reason"].required = False
    status = 400
    if form.is_valid():
        try:
            at, given = now(), form.cleaned_data
            if act in CHOSEN:
                shown, chosen = request.POST.get("shown", ""), CHOSEN[act](matter, given)
                decide_beside(lambda: run(matter, given, actor, at), matter, shown=shown, chosen=chosen, at=at)
                return redirect("matter", pk)
            result = run(matter, given, actor, at)
            if act == "contact":
                return _page(request, matter, contact=str(result))
            return redirect("matter", pk) if part is None else after_part(part, actor=actor)
        except Refusal as refusal:
            if refusal.status == 404 and act not in ("dispatch", "arbitrate", "cooperate", "merge"):
                raise
            form.refuse(refusal)
            status = refusal.status
    matter, part = reached(pk, actor=actor)
    if part is not None:
        return _own_page(request, part, bound=(act, form), status=status)
    return _page(request, matter, bound=(act, form), status=status)


@require_GET
def photo(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """This view will give one photograph of a matter to a post on whose ground it lies, or whose unit is told it."""
    matter, part = reached(pk, actor=signed_in(request))
    found = (shown_photos(matter.pk) if part is None else told_photos(matter)).filter(pk=number).first()
    if found is None:
        raise NotFound
    return HttpResponse(bytes(found.jpeg), content_type="image/jpeg", headers={"Content-Disposition": "inline"})
