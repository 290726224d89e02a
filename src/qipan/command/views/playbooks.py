"""Pages for playbooks: versions, what differs between them, and publishing the next."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from qipan.access.api import signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.refusal import Refusal

from .. import rules
from ..actions.playbooks import publish_playbook
from ..input import PlaybookInput
from ..models import Playbook
from ..queries import PLANNING, current_playbooks, get_playbook, lessons_of, said
from ..queries.wording import Wording
from ..terms import StepKind


def _reader(request: HttpRequest) -> Actor:
    """This function will let in who plans, activates, admits or releases: others get their card, not the plan (EMG-1)."""
    actor = signed_in(request)
    actor.require(*PLANNING)
    return actor


@require_GET
def playbooks_page(request: HttpRequest) -> HttpResponse:
    """This view will list the newest version of each playbook."""
    actor = _reader(request)
    return render(
        request,
        "command/playbooks.html",
        {"playbooks": current_playbooks(), "may_activate": actor.can("playbook.activate")},
    )


@require_GET
def playbook_page(request: HttpRequest, code: str, version: int | None = None) -> HttpResponse:
    """This view will show one version of a playbook, step by step, and what differs from the one before."""
    actor = _reader(request)
    playbook = get_playbook(code, version)
    versions = list(Playbook.objects.filter(code=code).order_by("-version"))
    before = next((other for other in versions if other.version == playbook.version - 1), None)
    given = request.GET.get("against", "")
    if (against := key_of(given)) is not None:
        before = get_playbook(code, against)
    wording = Wording(before, playbook)
    return render(
        request,
        "command/playbook.html",
        {
            "playbook": playbook,
            "rows": [
                (wording.facts(step), StepKind(step["kind"]).label, said(step, "title")) for step in playbook.steps
            ],
            "versions": versions,
            "before": before,
            "changes": wording.changes(rules.diff_of(before.steps, playbook.steps)) if before else None,
            "newest": versions[0],
            "lessons": lessons_of(playbook),
            "may_edit": actor.can("playbook.edit"),
            "may_activate": actor.can("playbook.activate"),
        },
    )


@require_http_methods(["GET", "POST"])
def edit_page(request: HttpRequest, code: str) -> HttpResponse:
    """This view will publish the next version of a playbook; the versions before it stay as they are."""
    actor = signed_in(request)
    actor.require("playbook.edit")
    newest = get_playbook(code)
    if request.method == "GET":
        form = PlaybookInput(initial={"title": newest.title, "title_en": newest.title_en, "steps": newest.steps})
        return render(request, "command/playbook_edit.html", {"playbook": newest, "form": form})
    form = PlaybookInput(request.POST)
    refusal, status = None, 400
    if form.is_valid():
        after = request.POST.get("after", "")
        try:
            published = publish_playbook(
                code=code,
                hazard=newest.hazard,
                posture=newest.posture,
                **form.cleaned_data,
                after=key_of(after) or 0,
                by=actor,
                at=now(),
            )
        except Refusal as found:
            refusal, status = found, found.status
        else:
            return redirect("playbook_version", code, published.version)
    return render(
        request, "command/playbook_edit.html", {"playbook": newest, "form": form, "refusal": refusal}, status=status
    )
