"""The catalogue's page: to read, to take along, to put a new one in force."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now
from qipan.kernel.dated import Renewed
from qipan.kernel.refusal import BadInput, NotFound, Refusal
from qipan.webkit.sheets import csv_file, read_table, xlsx_file

from ..actions.catalogue import COLUMNS, import_catalogue
from ..queries.reading import categories

FILES = {"csv": csv_file, "xlsx": xlsx_file}


@require_http_methods(["GET", "POST"])
@needs("matter.view")
def catalogue_page(request: HttpRequest) -> HttpResponse:
    """This view will show the catalogue in force; who keeps it puts a whole new one in its place."""
    actor = signed_in(request)
    done: Renewed | None = None
    refused: Refusal | None = None
    if request.method == "POST":
        actor.require("matter.catalogue")
        file = request.FILES.get("file")
        try:
            if file is None:
                raise BadInput
            done = import_catalogue(read_table(file.read()), by=actor, at=now())
        except Refusal as refusal:
            refused = refusal
    shown = {
        "rows": categories(),
        "keeps": actor.can("matter.catalogue"),
        "done": done,
        "refused": refused,
    }
    return render(request, "matters/catalogue.html", shown, status=refused.status if refused else 200)


@require_GET
@needs("matter.view")
def catalogue_file(request: HttpRequest, kind: str) -> HttpResponse:
    """This view will give the catalogue as CSV or XLSX, in the columns in which it is read again."""
    if kind not in FILES:
        raise NotFound
    rows = ([getattr(one, name) for name in COLUMNS] for one in categories())
    return FILES[kind]("catalogue", COLUMNS, rows)
