"""Pages of the responsibility lists: the map of organs and items, one item with its past, files in and out."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, Refusal
from qipan.laws.api import Article, Flag, Use, article_choices, cited_by, flags_of
from qipan.webkit.acting import signed_in
from qipan.webkit.sheets import csv_file, read_table, xlsx_file

from .actions.lists import COLUMNS, get_item, get_organ, import_lists, set_duty
from .input import LineInput, ListsInput, LookInput
from .models import OrganType, Responsibility
from .queries.lists import Entry, duty_map, history_of, organs_of
from .terms import FaultKind, Role

READERS = ("board.view", "desk.view", "duty.edit")


def _reader(request: HttpRequest) -> Actor:
    actor = signed_in(request)
    actor.require(*READERS)
    return actor


def _day(request: HttpRequest) -> date:
    """The day in the address; without one, or with one that is none, today."""
    try:
        return date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        return localdate(now())


def _wanted(entries: list[Entry], asked: dict[str, Any]) -> Iterator[Entry]:
    words = (asked.get("q") or "").strip().lower()
    for entry in entries:
        lines = [
            line
            for line in entry.lines
            if (not asked.get("organ") or line.organ_key == asked["organ"])
            and (not asked.get("role") or line.role == asked["role"])
        ]
        kinds = [fault.kind for fault in entry.faults]
        texts = (entry.item.code, entry.item.name, entry.item.name_en.lower(), *(line.basis for line in entry.lines))
        if (
            (not asked.get("kind") or entry.item.kind == asked["kind"])
            and (lines or not (asked.get("organ") or asked.get("role")))
            and (not asked.get("fault") or asked["fault"] in kinds or (asked["fault"] == "ANY" and kinds))
            and (not words or any(words in text for text in texts))
        ):
            yield entry


def _flagged(entries: list[Entry]) -> list[tuple[Entry, Responsibility, list[Flag]]]:
    """The lines whose article was repealed or replaced."""
    lines = {line.pk: (entry, line) for entry in entries for line in entry.lines if line.article}
    flags = flags_of(Responsibility._meta.label, lines)
    return [(*lines[key], some) for key, some in flags.items()]


def _map(
    request: HttpRequest, actor: Actor, *, form: ListsInput | None = None, problems: list[str] | None = None
) -> HttpResponse:
    day = _day(request)
    entries = duty_map(day)
    look = LookInput(
        {**request.GET.dict(), "on": day.isoformat()}, organs=[(one.code, one.label) for one in organs_of(entries)]
    )
    look.is_valid()
    shown = list(_wanted(entries, look.cleaned_data))
    organs = organs_of(shown)
    rows = []
    for entry in shown:
        by_organ = {line.organ_key: line for line in entry.lines}
        rows.append((entry, [(organ, by_organ.get(organ.code)) for organ in organs]))
    count = {kind: sum(fault.kind == kind for entry in entries for fault in entry.faults) for kind in FaultKind}
    bad = form is not None
    return render(
        request,
        "duties/map.html",
        {
            "look": look,
            "day": day,
            "organs": organs,
            "rows": rows,
            "total": len(entries),
            "faults": [(FaultKind(kind), n) for kind, n in count.items()],
            "faulty": [entry for entry in shown if entry.faults],
            "flagged": _flagged(entries),
            "withdrawn": [(entry, line) for entry in shown for line in entry.of(Role.WITHDRAWN)],
            "example": any(line.example for entry in entries for line in entry.lines),
            "edits": actor.can("duty.edit"),
            "form": form or ListsInput(initial={"begins": localdate(now()) + timedelta(days=1)}),
            "problems": problems or [],
            "query": request.GET.urlencode(),
            "columns": ",".join(COLUMNS),
        },
        status=400 if bad else 200,
    )


@require_GET
def map_page(request: HttpRequest) -> HttpResponse:
    """This view will show the map of a day: who leads, helps, or may not be asked, with gaps and overlaps (ORG-4)."""
    return _map(request, _reader(request))


@require_POST
def import_view(request: HttpRequest) -> HttpResponse:
    """This view will put a file of lists in force from a day; every bad line is named, and nothing is half done."""
    actor, at = signed_in(request), now()
    actor.require("duty.edit")
    form = ListsInput(request.POST, request.FILES)
    if not form.is_valid():
        return _map(request, actor, form=form)
    given = form.cleaned_data
    try:
        rows = read_table(given["file"].read())
        done = import_lists(rows, version=given["version"], begins=given["begins"], by=actor, at=at)
    except BadInput as refusal:
        return _map(request, actor, form=form, problems=refusal.problems)
    except Refusal as refusal:
        name = str(refusal.data.get("field", ""))
        form.add_error(name if name in form.fields else None, str(refusal))
        return _map(request, actor, form=form)
    messages.success(
        request,
        _("The list is put in force: %(added)s new, %(changed)s changed, %(same)s as before, %(ended)s ended.")
        % done.__dict__,
    )
    return redirect(f"/duties?on={given['begins'].isoformat()}")


def _cells(entries: list[Entry]) -> Iterator[list[str]]:
    for entry in entries:
        item = [entry.item.code, entry.item.kind, entry.item.name, entry.item.name_en]
        for line in entry.lines:
            yield [
                *item,
                line.organ_key,
                line.role,
                line.basis,
                line.basis_en,
                line.article,
                line.version,
                line.valid_from.isoformat(),
                line.organ.label,
            ]
        if not entry.lines:
            yield [*item, *[""] * 8]


@require_GET
def file_view(request: HttpRequest, kind: str) -> HttpResponse:
    """This view will give the lists of a day as CSV or XLSX, in the columns in which they are read again."""
    _reader(request)
    if kind not in ("csv", "xlsx"):
        raise Http404
    day = _day(request)
    write = csv_file if kind == "csv" else xlsx_file
    return write(f"duties-{day.isoformat()}", [*COLUMNS, "version", "valid_from", "organ_name"], _cells(duty_map(day)))


def _with_flags(lines: list[Responsibility]) -> list[tuple[Responsibility, list[Article], list[Flag]]]:
    """Lines with the articles that they cite, and what became of these."""
    keys = [line.pk for line in lines]
    label = Responsibility._meta.label
    cited, flags = cited_by(label, keys), flags_of(label, keys)
    return [(line, cited.get(line.pk, []), flags.get(line.pk, [])) for line in lines]


@require_http_methods(["GET", "POST"])
def item_page(request: HttpRequest, code: str) -> HttpResponse:
    """This view will show an item of a day with every organ's part, its basis and its past; who keeps the lists
    changes a line from a day on."""
    actor, at, day = _reader(request), now(), _day(request)
    today = localdate(at)
    refusal: Refusal | None = None
    edits = actor.can("duty.edit")
    articles = article_choices(Use.LIST_ITEM, on=today) if edits else []
    form = LineInput(initial={"begins": today + timedelta(days=1), "role": Role.COOPERATING}, articles=articles)
    if request.method == "POST":
        actor.require("duty.edit")
        form = LineInput(request.POST, articles=articles)
        if form.is_valid():
            given = form.cleaned_data
            try:
                organ = get_organ(given.pop("organ").strip())
                item = get_item(code, on=max(given["begins"], today))
                set_duty(item, organ, **given, version=_("changed on its page"), by=actor, at=at)
                return redirect(f"/duties/items/{code}?on={given['begins'].isoformat()}")
            except NotAllowed:
                raise
            except NotFound as refused:
                refusal = refused
                form.add_error("organ", _("There is no organ with this code."))
            except Refusal as refused:
                refusal = refused
                name = str(refused.data.get("field", ""))
                form.add_error(name if name in form.fields else None, str(refused))
    entries = duty_map(day)
    entry = next((one for one in entries if one.item.code == code), None)
    past = history_of(code)
    if entry is None and not past:
        raise NotFound
    return render(
        request,
        "duties/item.html",
        {
            "entry": entry,
            "code": code,
            "day": day,
            "past": past,
            "roles": [(Role(role), _with_flags(entry.of(role)) if entry else []) for role in Role.values],
            "edits": edits,
            "form": form,
            "kinds": OrganType.objects.order_by("level", "code"),
            "organs": organs_of(entries),
        },
        status=refusal.status if refusal else 400 if form.errors else 200,
    )
