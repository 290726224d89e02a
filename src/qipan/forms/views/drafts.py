"""Drafts of forms: upload, see what was understood, correct, choose fields, approve, publish."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.desk.api import admission_of_form
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, Refusal

from .. import rules
from ..actions.drafts import approve_draft, drop_draft, publish_draft, replace_source, set_draft, start_draft
from ..input import AgainForm, DraftForm, UploadForm, initial_of, passport_of_sheet
from ..models import FieldEntry, FormDraft
from ..queries import fields_on
from ..queries.design import Design, read_design
from ..queries.drafts import DESIGNERS, PUBLISHERS, definition_of, digest_of, drafts_for, get_draft
from ..rules.template import blank_template, read_passport
from ..terms import Sensitivity

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS = {b"PK": (XLSX, "xlsx"), b"\xd0\xcf": ("application/vnd.ms-excel", "xls")}


def attached(content: bytes, name: str) -> HttpResponse:
    """This function will answer with a spreadsheet as it was uploaded."""
    kind, ending = KINDS.get(content[:2], ("text/csv; charset=utf-8", "csv"))
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    return HttpResponse(content, content_type=kind, headers=headers)


def _uploaded(form: UploadForm | AgainForm) -> dict[str, Any]:
    file = form.cleaned_data["file"]
    raw = file.read() if file else b""
    return {"file_name": (file.name or "") if file else "", "source": raw, "media": form.cleaned_data["beside"]}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs("form.design")
def new_form(request: HttpRequest) -> HttpResponse:
    """This view will take an XLSForm; one that cannot be converted is told by sheet and row and not kept."""
    actor = signed_in(request)
    form = UploadForm(request.POST or None, request.FILES or None, initial={"code": request.GET.get("code", "")[:40]})
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            given = _uploaded(form)
            try:
                rules.convert_xlsform(given["source"], code="draft", version=1)  # bounds what is read next
                sheet = passport_of_sheet(read_passport(given["source"]))
                draft = start_draft(code=form.cleaned_data["code"], **given, passport=sheet, by=actor, at=now())
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                return redirect("form_draft", draft.pk)
    return render(request, "forms/new.html", {"form": form, "drafts": drafts_for(actor)}, status=status)


@never_cache
@require_GET
def draft_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a draft: what was understood of it, what is known already, what keeps it unpublished."""
    actor = _reader(request)
    draft = get_draft(pk, actor=actor)
    return _page(request, draft, DraftForm(initial=initial_of(draft), actor=actor), AgainForm())


def _reader(request: HttpRequest) -> Actor:
    actor = signed_in(request)
    actor.require(*DESIGNERS)
    return actor


@never_cache
@require_POST
def draft_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will do with a draft what the button says; a refusal keeps what was typed."""
    actor = _reader(request)
    draft = get_draft(pk, actor=actor)
    form, again = DraftForm(initial_of(draft), actor=actor), AgainForm()
    try:
        if act == "upload":
            again = AgainForm(request.POST, request.FILES)
            return _upload(request, draft, again, actor)
        if act == "keep":
            form = DraftForm(request.POST, actor=actor)
            return _keep(request, draft, form, again, actor)
        return _decide(draft, act, actor)
    except Refusal as refusal:
        if isinstance(refusal, NotFound | NotAllowed):
            raise
        (again if act == "upload" else form).refuse(refusal)
        return _page(request, draft, form, again, refusal=refusal)


def _upload(request: HttpRequest, draft: FormDraft, again: AgainForm, actor: Actor) -> HttpResponse:
    if not again.is_valid() or not (again.cleaned_data["file"] or again.cleaned_data["beside"]):
        again.add_error("file", _("no file was chosen"))
        raise BadInput
    replace_source(draft, **_uploaded(again), by=actor, at=now())
    return redirect("form_draft", draft.pk)


def _keep(request: HttpRequest, draft: FormDraft, form: DraftForm, again: AgainForm, actor: Actor) -> HttpResponse:
    if not form.is_valid():
        return _page(request, draft, form, again, refusal=BadInput())
    design = _design(draft)
    paths = [line.question.path for line in design.lines if rules.asked(line.question)] if design else []
    said = {line.question.path: line.question.field for line in design.lines} if design else {}
    asked = {path: request.POST.get(f"field-{n}", "") for n, path in enumerate(paths)}
    codes = set(fields_on().values_list("code", flat=True))
    chosen = {path: code for path, code in asked.items() if code in codes}
    # What the sheet itself says needs no row of its own.
    fields = {path: code for path, code in chosen.items() if code != said.get(path) or path in draft.fields}
    given = form.cleaned_data
    set_draft(
        draft,
        passport=form.passport,
        fields=fields,
        reuse=given["reuse"],
        reason=given["reason"],
        several=given["several"],
        by=actor,
        at=now(),
    )
    return redirect("form_draft", draft.pk)


def _decide(draft: FormDraft, act: str, actor: Actor) -> HttpResponse:
    if act == "approve":
        approve_draft(draft, by=actor, at=now())
    elif act == "publish":
        return redirect("form", publish_draft(draft, by=actor, at=now()).code)
    elif act == "drop":
        drop_draft(draft, by=actor, at=now())
        return redirect("form_new")
    else:
        raise NotFound
    return redirect("form_draft", draft.pk)


def _design(draft: FormDraft) -> Design | None:
    """What was understood of a draft; None where its sheet cannot be converted (any more)."""
    try:
        return read_design(definition_of(draft), code=draft.code, subject=draft.subject, at=now())
    except rules.FormBroken:
        return None


def _grouped(fields: list[FieldEntry]) -> list[tuple[str, list[FieldEntry]]]:
    groups: dict[str, list[FieldEntry]] = {}
    for one in fields:
        groups.setdefault(one.get_about_display(), []).append(one)
    return list(groups.items())


def _page(
    request: HttpRequest, draft: FormDraft, form: DraftForm, again: AgainForm, *, refusal: Refusal | None = None
) -> HttpResponse:
    actor, design = signed_in(request), _design(draft)
    lines, n = [], 0
    for line in design.lines if design else ():
        asks = rules.asked(line.question)
        typed = request.POST.get(f"field-{n}") if asks and form.is_bound else None
        lines.append((line, n if asks else None, line.question.field if typed is None else typed))
        n += asks
    approved = design is not None and draft.approved_digest == digest_of(draft, sensitive=design.kinds)
    shown = {
        "draft": draft,
        "form": form,
        "again": again,
        "refusal": refusal,
        "design": design,
        "lines": lines,
        "fields": _grouped(list(fields_on())),
        "media": draft.media.defer("content").order_by("name"),
        "edits": actor.can("form.design") and draft.unit_id == actor.unit_id,
        "approved": approved,
        "admission": admission_of_form(draft.code, units=(draft.unit_id, draft.issuer_id)),
        "applies": actor.can("admission.apply") and draft.unit_id == actor.unit_id,
        "approves": actor.can("form.approve")
        and actor.account_id != draft.account
        and actor.unit_id not in (draft.unit_id, draft.issuer_id),
        "publishes": any(actor.can(act) for act in PUBLISHERS),
    }
    return render(request, "forms/draft.html", shown, status=refusal.status if refusal else 200)


@never_cache
@require_GET
def draft_source(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will give a draft's spreadsheet back as it was uploaded."""
    draft = get_draft(pk, actor=_reader(request))
    return attached(bytes(draft.source), f"{draft.code}-draft")


@require_GET
@needs("form.design")
def template_file(request: HttpRequest) -> HttpResponse:
    """This view will give the blank XLSForm with its passport sheet and the fields that may be asked."""
    rows = [
        (one.code, one.name, one.name_en, "" if one.sensitivity == Sensitivity.NONE else one.sensitivity, one.source)
        for one in fields_on()
    ]
    return attached(blank_template(rows), "xlsform-template")
