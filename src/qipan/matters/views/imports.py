"""Import of matters: bring a file, say what its columns and words mean, try it, take it over, undo it."""

import csv
from io import StringIO
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, NotFound, Refusal
from qipan.webkit.sheets import cell

from ..actions.importing import (
    Checked,
    check_lines,
    get_draft,
    import_lines,
    keep_draft,
    save_mapping,
)
from ..actions.undoing import undo_import
from ..input.mapping import MappingForm, Table, initial_of, packed, read_file, rules_from, unpacked, with_open_words
from ..models import Import, ImportDraft, ImportMapping
from ..queries.reading import categories
from ..rules.importing import Open, Rules, Said
from ..terms import Closing

PAGE = 50
LISTED = 200


@never_cache
@require_http_methods(["GET", "POST"])
@needs("matter.import")
def imports_page(request: HttpRequest) -> HttpResponse:
    """This view will list what was imported, and take a new file."""
    actor, refused = signed_in(request), None
    if request.method == "POST":
        file = request.FILES.get("file")
        try:
            if file is None:
                raise BadInput([_("no file was chosen")])
            raw = file.read()
            read_file(raw)  # refused here, before anything is kept
            draft = keep_draft(file.name or "", packed(raw), by=actor, at=now())
            return redirect("matter_import", draft.pk)
        except Refusal as refusal:
            refused = refusal
    shown = {
        "imports": Import.objects.order_by("-pk")[:PAGE],
        "drafts": ImportDraft.objects.filter(account=actor.account_id, erase_at__gt=now()).defer("content"),
        "mappings": ImportMapping.objects.order_by("name"),
        "refused": refused,
    }
    return render(request, "matters/imports.html", shown, status=refused.status if refused else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@needs("matter.import")
def import_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a file that waits, with its mapping; try it, save the mapping, take the file over."""
    actor, at = signed_in(request), now()
    draft = get_draft(pk, by=actor, at=at)
    table = read_file(unpacked(bytes(draft.content)))
    if request.method == "GET":
        chosen = ImportMapping.objects.filter(name=request.GET.get("mapping", "")).first()
        rules = rules_from(chosen.rules) if chosen else Rules()
        initial = initial_of(rules, table.header) | {"name": chosen.name if chosen else ""}
        return _page(request, draft, table, MappingForm(initial=initial, header=table.header))
    if request.POST.get("do") == "drop":
        draft.delete()
        return redirect("matter_imports")
    form = MappingForm(request.POST, header=table.header)
    if not form.is_valid():
        return _page(request, draft, table, form, status=400)
    try:
        return _try(request, draft, table, form, actor)
    except Refusal as refusal:
        form.refuse(refusal)
        for problem in getattr(refusal, "problems", []):
            form.add_error(None, problem)
        return _page(request, draft, table, form, status=refusal.status)


def _try(request: HttpRequest, draft: ImportDraft, table: Table, form: MappingForm, actor: Actor) -> HttpResponse:
    """What the button says, with the mapping as it stands in the form."""
    at, rules, name, do = now(), form.rules(), form.cleaned_data["name"], request.POST.get("do")
    if do == "save":
        save_mapping(name, rules, by=actor, at=at)
        return redirect("matter_imports")
    checked = check_lines(table.header, table.lines, mapping=name, rules=rules, by=actor, at=at)
    if do == "list":
        return _problems(checked)
    if do == "import":
        leave_out = request.POST.get("leave_out") == "1"
        how: dict[str, Any] = {"name": draft.name, "sha256": table.sha256, "mapping": name, "rules": rules}
        try:
            import_lines(checked, **how, leave_out=leave_out, by=actor, at=at)
        except Refusal as refusal:
            form.refuse(refusal)
            return _page(request, draft, table, form, checked=checked, status=refusal.status)
        save_mapping(name, rules, by=actor, at=at)
        draft.delete()
        return redirect("matter_imports")
    initial = initial_of(with_open_words(rules, checked), table.header) | {"name": name}
    return _page(request, draft, table, MappingForm(initial=initial, header=table.header), checked=checked)


def _page(
    request: HttpRequest,
    draft: ImportDraft,
    table: Table,
    form: MappingForm,
    *,
    checked: Checked | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = {
        "draft": draft,
        "table": table,
        "form": form,
        "checked": checked,
        "problems": checked.problems[:LISTED] if checked else [],
        "mappings": ImportMapping.objects.order_by("name"),
        "categories": categories(),
        "closed": [(_("open or ended"), Open.choices), (_("how it ended"), Closing.choices), (_("satisfied or not"), Said.choices)],
    }  # fmt: skip
    return render(request, "matters/import.html", shown, status=status)


def _problems(checked: Checked) -> HttpResponse:
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_("Line"), _("Reason")])
    writer.writerows((problem.line, cell(str(problem))) for problem in checked.problems)
    headers = {"Content-Disposition": 'attachment; filename="lines.csv"'}
    return HttpResponse(out.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8", headers=headers)


@require_POST
@needs("matter.import")
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will take an import out again."""
    batch = Import.objects.filter(pk=pk).first()
    if batch is None:
        raise NotFound
    undo_import(batch, by=signed_in(request), at=now())
    return redirect("matter_imports")
