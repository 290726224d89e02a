"""Pages of the register of the legal basis: what is in force, one article with what cites it, acts, files."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, Refusal
from qipan.webkit.acting import signed_in
from qipan.webkit.sheets import csv_file, read_table, xlsx_file

from ..actions.importing import COLUMNS, cells, facts_of, import_register
from ..actions.register import repeal_article
from ..input.register import ArticleInput, RegisterFile, RegisterLook, RepealInput
from ..models import Article, Law
from ..queries.citing import Mark, citations_of, counts_of, mark_after, named, units_within
from ..queries.register import articles_on, ending_versions, lineage
from ..rules import Change, change_of
from ..terms import Use

READERS = ("board.view", "desk.view", "law.edit")
PER_PAGE = 50
SOON = timedelta(days=90)


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


def _wanted(asked: dict[str, Any], on: date) -> QuerySet[Article]:
    state = asked.get("state")
    if state == "ended":
        rows = ending_versions(until=on)
    elif state == "ending":
        rows = ending_versions(since=on, until=on + SOON)
    else:
        rows = articles_on(on)
    if asked.get("law"):
        rows = rows.filter(law__code=asked["law"])
    if words := (asked.get("q") or "").strip():
        names = ("code", "number", "summary", "summary_en", "law__name", "law__name_en")
        found = Q(pk__in=[])
        for name in names:
            found |= Q(**{f"{name}__icontains": words})
        rows = rows.filter(found)
    if asked.get("use"):  # a list in JSON: the databases search it each in its way, and the register is small
        rows = rows.filter(pk__in=[key for key, uses in rows.values_list("pk", "uses") if asked["use"] in uses])
    return rows


def _register(
    request: HttpRequest, actor: Actor, *, form: RegisterFile | None = None, problems: list[str] | None = None
) -> HttpResponse:
    on = _day(request)
    laws = list(Law.objects.order_by("code"))
    look = RegisterLook({**request.GET.dict(), "on": on.isoformat()}, laws=[(one.code, one.label) for one in laws])
    look.is_valid()
    page = Paginator(_wanted(look.cleaned_data, on), PER_PAGE).get_page(request.GET.get("page"))
    asked = request.GET.copy()
    asked.pop("page", None)
    shown = {
        "look": look,
        "on": on,
        "page": page,
        "bare": [one for one in laws if not one.articles.exists()] if page.number == 1 and not request.GET else [],
        "edits": actor.can("law.edit"),
        "form": form or RegisterFile(),
        "problems": problems or [],
        "query": asked.urlencode(),
        "columns": ",".join(COLUMNS),
        "total": articles_on(on).count(),
    }
    return render(request, "laws/register.html", shown, status=200 if form is None else 400)


@require_http_methods(["GET", "POST"])
def register_page(request: HttpRequest) -> HttpResponse:
    """This view will list the articles of a day with search and filter; a POST reads a file of them (LAW-1)."""
    if request.method == "GET":
        return _register(request, _reader(request))
    actor, at = signed_in(request), now()
    actor.require("law.edit")
    form = RegisterFile(request.POST, request.FILES)
    if not form.is_valid():
        return _register(request, actor, form=form)
    try:
        done = import_register(read_table(form.cleaned_data["file"].read()), by=actor, at=at)
    except BadInput as refusal:
        return _register(request, actor, form=form, problems=refusal.problems)
    said = _(
        "Read: %(added)s new, %(reworded)s in other words, %(replaced)s replaced, %(repealed)s repealed, %(same)s as before."
    )
    messages.success(request, said % done.__dict__)
    return redirect("laws")


@require_GET
def file_view(request: HttpRequest, kind: str) -> HttpResponse:
    """This view will give the articles of a day as CSV or XLSX, in the columns in which they are read again."""
    _reader(request)
    if kind not in ("csv", "xlsx"):
        raise Http404
    on = _day(request)
    write = csv_file if kind == "csv" else xlsx_file
    rows = articles_on(on).select_related("successor")
    return write(f"laws-{on.isoformat()}", COLUMNS, cells(list(rows)))


@require_http_methods(["GET", "POST"])
def new_page(request: HttpRequest) -> HttpResponse:
    """This view will take one more article."""
    actor, at = signed_in(request), now()
    actor.require("law.edit")
    known = {one.code: one for one in Law.objects.order_by("code")}
    law = known.get(request.GET.get("law", ""))
    start = (
        {"kind": law.kind, "law": law.code, "law_name": law.name, "law_name_en": law.name_en, "law_link": law.link}
        if law
        else {}
    )
    form = ArticleInput(request.POST or None, initial=start)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            row = form.row()
            if Article.objects.filter(code=row["article"]).exists():
                form.add_error("number", _("The register has this article; change it on its own page."))
            elif _written(form, row, actor, at):
                return redirect("article", row["article"])
    return render(request, "laws/new.html", {"form": form, "laws": known.values()}, status=status)


def _written(form: ArticleInput, row: dict[str, str], actor: Actor, at: Any) -> bool:
    try:
        import_register([row], by=actor, at=at)
    except BadInput as refusal:
        for problem in refusal.problems:
            form.add_error(None, problem.partition(": ")[2] or problem)
        return False
    return True


@require_http_methods(["GET", "POST"])
def article_page(request: HttpRequest, code: str) -> HttpResponse:
    """This view will show an article with its versions and everything on the reader's ground that cites it, by kind;
    who keeps the register replaces or repeals it here."""
    actor, at = _reader(request), now()
    versions = lineage(code)
    if not versions:
        raise NotFound
    today = localdate(at)
    newest = versions[0]
    current = next((one for one in versions if one.in_force(today)), newest)
    forms = {
        "change": ArticleInput(initial=_said(newest)),
        "repeal": RepealInput(initial={"since": today}),
    }
    status = 200
    if request.method == "POST":
        actor.require("law.edit")
        status, done = _act(request, forms, newest, actor, at)
        if done:
            return redirect("article", code)
    keys = [one.pk for one in versions]
    counts = counts_of(keys, actor.scope)
    use = request.GET.get("use", "")
    use = use if use in counts else next(iter(counts), "")
    unit = request.GET.get("unit", "")
    unit_id = int(unit) if unit.isascii() and unit.isdigit() and len(unit) < 19 else None
    found = (
        citations_of(
            keys, actor.scope, use=use, unit_id=unit_id, after=Mark.read(request.GET.get("after", "")), most=PER_PAGE
        )
        if use
        else []
    )
    shown = {
        "article": current,
        "newest": newest,
        "versions": versions,
        "counts": [(Use(kind), n) for kind, n in counts.items()],
        "total": sum(counts.values()),
        "use": use,
        "unit_id": unit_id,
        "units": units_within(keys, actor.scope, use=use)[:200] if use else [],
        "lines": named(found),
        "more": mark_after(found) if len(found) == PER_PAGE else "",
        "edits": actor.can("law.edit"),
        "others": articles_on(today).exclude(code=code) if actor.can("law.edit") else [],
        "today": today,
        **forms,
    }
    return render(request, "laws/article.html", shown, status=status)


def _said(article: Article) -> dict[str, Any]:
    law = article.law
    names = ("number", "link", "summary", "summary_en", "minimum_rank", "uses", "valid_from")
    return {
        "law": law.code,
        "kind": law.kind,
        "law_name": law.name,
        "law_name_en": law.name_en,
        "law_link": law.link,
        **{name: getattr(article, name) for name in names},
    }


def _act(request: HttpRequest, forms: dict[str, Any], newest: Article, actor: Actor, at: Any) -> tuple[int, bool]:
    """The act that was sent: its status when refused, and whether it was done."""
    if request.POST.get("act") == "repeal":
        form = forms["repeal"] = RepealInput(request.POST)
        if not form.is_valid():
            return 400, False
        try:
            repeal_article(newest.code, **form.cleaned_data, by=actor, at=at)
        except NotAllowed:
            raise
        except NotFound:
            form.add_error("successor", _("No article with this code is in force on that day."))
            return 404, False
        except Refusal as refusal:
            form.refuse(refusal)
            return refusal.status, False
        return 200, True
    fixed = {name: value for name, value in _said(newest).items() if name.startswith("law") or name == "kind"}
    changed = forms["change"] = ArticleInput({**request.POST.dict(), "uses": request.POST.getlist("uses"), **fixed})
    if not changed.is_valid():
        return 400, False
    given = {**changed.cleaned_data, "valid_to": None}
    given["minimum_rank"] = int(given["minimum_rank"]) if given["minimum_rank"] else None
    if change_of(facts_of(newest), given, today=localdate(at)) == Change.NEEDS_DAY:
        words = _(
            "What the law says has changed: say from which day, today or later. Only our words, the link and further uses change without."
        )
        changed.add_error("valid_from", words)
        return 400, False
    return 400, _written(changed, changed.row(newest.code), actor, at)
