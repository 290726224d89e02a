"""Pages for directives: list, receipt tree, unread list, sheet and signing."""

import csv
from collections.abc import Iterator

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import signed_in
from qipan.desk.api import unread_count
from qipan.duties.api import heir_of
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.place import place_text
from qipan.kernel.refusal import NotAllowed, Refusal
from qipan.webkit.sheets import cell

from .. import rules
from ..actions.directives import recall_directive, revise_directive
from ..actions.paper import sign_on_paper
from ..input import RecallInput, RevisionInput, SignInput
from ..models import Directive
from ..queries import (
    area_for,
    directives_for,
    get_directive,
    lead_for,
    paper_receipts,
    receipts_at,
    series_of,
    unread_page,
)

PER_PAGE = 30
SHEETS_PER_PRINT = 60
CSV_PAGE = 1000


@require_GET
def directives_page(request: HttpRequest) -> HttpResponse:
    """This view will list the directives that the actor may read, the newest first."""
    actor = signed_in(request)
    found = directives_for(actor).select_related("issuer", "superseded_by").order_by("-issued_at", "-pk")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "command/directives.html", {"page": page, "may_issue": actor.can("directive.issue")})


def span(seconds: float | None) -> str:
    """This function will write a length of time as people say it; a dash where nothing was measured."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return gettext("%(s)s s") % {"s": f"{seconds:.1f}".rstrip("0").rstrip(".")}
    minutes = int(seconds // 60)
    if minutes < 60:
        return gettext("%(m)s min %(s)s s") % {"m": minutes, "s": int(seconds % 60)}
    return gettext("%(h)s h %(m)s min") % {"h": minutes // 60, "m": minutes % 60}


def _state(directive: Directive) -> str:
    if directive.recalled_at is not None:
        return "recalled"
    return "replaced" if Directive.objects.filter(supersedes=directive).exists() else "in force"


@require_GET
def directive_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a directive: its text, what changed, its receipts by area and its lead time."""
    actor = signed_in(request)
    directive = get_directive(pk, actor=actor)
    return _directive(request, actor, directive)


def _directive(
    request: HttpRequest,
    actor: Actor,
    directive: Directive,
    *,
    revision: RevisionInput | None = None,
    recall: RecallInput | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    seen = actor.can("board.view") or actor.can("directive.issue")
    state = _state(directive)
    lead = lead_for(directive, actor=actor) if seen else None
    tree = receipts_at(directive, request.GET.get("area", ""), actor=actor) if seen else None
    own = actor.unit_id == heir_of(directive.issuer).pk
    issued = directive.series_id is None  # by a person: further rounds are the clock's, and act on it
    above = directive.issuer.place in actor.scope
    return render(
        request,
        "command/directive.html",
        {
            "directive": directive,
            "state": state,
            "successor": Directive.objects.filter(supersedes=directive).first(),
            "changes": [
                (name, rules.text_changes(old, new) if name == "body" else None, old, new)
                for name, old, new in directive.changes
            ],
            "tree": tree,
            "lead": lead,
            "spans": (span(lead.p50_s), span(lead.p95_s), span(lead.last_s)) if lead else None,
            "series": series_of(directive, scope=actor.scope) if seen else None,
            "unread": unread_count(directive.source, scope=tree.scope) if tree else None,
            "paper": paper_receipts(directive, scope=actor.scope).count(),
            "may_revise": state == "in force" and issued and own and actor.can("directive.issue"),
            "may_recall": state == "in force" and issued and (own or above) and actor.can("directive.recall"),
            "may_sign": actor.can("task.answer") or actor.can("directive.issue"),
            "may_fill": directive.form is not None and state == "in force" and actor.can("visit.submit"),
            "overrules": not own,
            "revision": revision
            or RevisionInput(
                initial={
                    "title": directive.title,
                    "body": directive.body,
                    "basis": directive.basis,
                    "due_at": directive.due_at,
                    "repeat_until": directive.repeat_until,
                    "decided_at": now(),
                }
            ),
            "recall": recall or RecallInput(),
            "refusal": refusal,
            "open_form": "revision" if revision else "recall" if recall else "",
        },
        status=status,
    )


@require_POST
def revise_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will issue the next version of a directive."""
    actor = signed_in(request)
    directive = get_directive(pk, actor=actor)
    form = RevisionInput(request.POST)
    if not form.is_valid():
        return _directive(request, actor, directive, revision=form, status=400)
    try:
        new = revise_directive(directive, **form.cleaned_data, by=actor, at=now())
    except NotAllowed:
        raise
    except Refusal as refusal:
        return _directive(request, actor, directive, revision=form, refusal=refusal, status=refusal.status)
    return redirect("directive", new.pk)


@require_POST
def recall_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will recall a directive with a reason."""
    actor = signed_in(request)
    directive = get_directive(pk, actor=actor)
    form = RecallInput(request.POST)
    if not form.is_valid():
        return _directive(request, actor, directive, recall=form, status=400)
    try:
        receipts = recall_directive(directive, reason=form.cleaned_data["reason"], by=actor, at=now())
    except NotAllowed:
        raise
    except Refusal as refusal:
        return _directive(request, actor, directive, recall=form, refusal=refusal, status=refusal.status)
    messages.info(request, gettext("Recalled. Open receipts closed: %(count)s.") % {"count": receipts})
    return redirect("directive", directive.pk)


def _require_receipts(actor: Actor) -> None:
    if not (actor.can("board.view") or actor.can("directive.issue")):
        raise NotAllowed(act="board.view")


@require_GET
def unread_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will list exactly who has not read a directive, page by page."""
    actor = signed_in(request)
    directive = get_directive(pk, actor=actor)
    _require_receipts(actor)
    code = request.GET.get("area", "")
    page = unread_page(directive, code, actor=actor, after=request.GET.get("after", ""), limit=200)
    return render(
        request,
        "command/unread.html",
        {"directive": directive, "page": page, "area": area_for(code, actor=actor), "code": code},
    )


class _Echo:
    """What ``csv.writer`` writes to: it gives the line back."""

    def write(self, line: str) -> str:
        return line


@require_GET
def unread_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """This view will stream the whole unread list as CSV; Excel reads its Chinese (byte order mark)."""
    actor = signed_in(request)
    directive = get_directive(pk, actor=actor)
    _require_receipts(actor)
    code = request.GET.get("area", "")
    area_for(code, actor=actor)

    def lines() -> Iterator[str]:
        writer = csv.writer(_Echo())
        yield "\ufeff" + writer.writerow(
            [gettext("Place number"), gettext("Unit"), gettext("Kind"), gettext("State"), gettext("On paper")]
        )
        after = ""
        while True:
            page = unread_page(directive, code, actor=actor, after=after, limit=CSV_PAGE)
            for task in page.tasks:
                yield writer.writerow(
                    [
                        place_text(task.place),
                        cell(task.owner.label),
                        cell(task.owner.organ_type.label),
                        task.get_state_display(),
                        gettext("yes") if task.on_paper else gettext("no"),
                    ]
                )
            if not page.next:
                return
            after = page.next

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="unread-{directive.pk}.csv"'
    return response


@require_GET
def sheet_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will print one A4 page for each compound that has no screen, with a QR code to sign for it."""
    actor = signed_in(request)
    directive = get_directive(pk, actor=actor)
    area = area_for(request.GET.get("area", ""), actor=actor)
    scope = receipts_at(directive, area.code, actor=actor).scope
    page = Paginator(paper_receipts(directive, scope=scope), SHEETS_PER_PRINT).get_page(request.GET.get("page"))
    sheets = [{"task": task, "sign": _sign_address(request, directive, task.place)} for task in page]
    return render(request, "command/sheet.html", {"directive": directive, "sheets": sheets, "page": page, "area": area})


def _sign_address(request: HttpRequest, directive: Directive, place: int) -> str:
    return request.build_absolute_uri(f"{reverse('directive_sign', args=[directive.pk])}?place={place_text(place)}")


@require_http_methods(["GET", "POST"])
def sign_page(request: HttpRequest, pk: int) -> HttpResponse | HttpResponseRedirect:
    """This view will let the community enter which compounds have signed for the printed sheet."""
    actor = signed_in(request)
    directive = get_directive(pk, actor=actor)
    if not actor.can("task.answer"):
        raise NotAllowed(act="task.answer")
    place = request.GET.get("place", "")
    form = SignInput(request.POST or None, initial={"signed_at": now()})
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            signed = sign_on_paper(
                directive,
                task_ids=[key for task in form.cleaned_data["tasks"] if (key := key_of(task)) is not None],
                signed_at=form.cleaned_data["signed_at"],
                by=actor,
                at=now(),
            )
        except Refusal as found:
            refusal = found
        else:
            messages.info(request, gettext("Signed for on paper: %(count)s.") % {"count": signed})
            return redirect("directive_sign", directive.pk)
    status = 200 if request.method == "GET" else refusal.status if refusal else 400
    return render(
        request,
        "command/sign.html",
        {
            "directive": directive,
            "form": form,
            "refusal": refusal,
            "receipts": paper_receipts(directive, scope=actor.scope),
            "ticked": key_of(place),
        },
        status=status,
    )
