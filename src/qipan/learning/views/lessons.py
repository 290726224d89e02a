"""Lessons: the list with a new one, one lesson, its decision, and the page that puts it into the playbook."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qipan.access.api import needs, signed_in
from qipan.command.api import Wording, current_playbooks, get_playbook, said
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.refusal import NotFound, Refusal
from qipan.posture.api import declarations_on, get_declaration

from ..actions.lessons import decide_lesson, propose_lesson, publish_lesson
from ..input import DecisionInput, LessonInput, PublishInput, steps_of
from ..models import Lesson
from ..queries.lessons import get_lesson, lessons_for
from ..terms import LessonState

READERS = ("lesson.propose", "review.lead", "playbook.edit")
PER_PAGE, EVENTS = 30, 30


@require_http_methods(["GET", "POST"])
def lessons_page(request: HttpRequest) -> HttpResponse:
    """This page will list lessons, those that wait first, and take a new one from whoever may propose."""
    actor, at = signed_in(request), now()
    actor.require(*READERS)
    playbooks, events = current_playbooks(), list(declarations_on(actor.scope.ranges)[:EVENTS])
    status = 200
    if request.method == "POST":
        actor.require("lesson.propose")
        form, status = LessonInput(request.POST, playbooks=playbooks, events=events), 400
        if form.is_valid():
            given = dict(form.cleaned_data)
            event = given.pop("declaration")
            try:
                declaration = get_declaration(event, actor=actor) if event else None
                return redirect("lesson", propose_lesson(**given, declaration=declaration, by=actor, at=at).pk)
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    else:
        asked = key_of(request.GET.get("event", ""))
        form = LessonInput(initial={"declaration": asked}, playbooks=playbooks, events=events)
    state = request.GET.get("state", "")
    rows = lessons_for(actor)
    if state in LessonState.values:
        rows = rows.filter(state=state)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    names = {one.code: one.label for one in playbooks}
    context = {
        "page": page,
        "rows": [(one, names.get(one.playbook, one.playbook)) for one in page],
        "states": LessonState.choices,
        "state": state,
        "form": form,
        "may_propose": actor.can("lesson.propose"),
        "opened": status != 200 or bool(request.GET.get("event")),
    }
    return render(request, "learning/lessons.html", context, status=status)


def _lesson(
    request: HttpRequest, lesson: Lesson, *, form: DecisionInput | None = None, status: int = 200
) -> HttpResponse:
    actor = signed_in(request)
    context = {
        "lesson": lesson,
        "playbook": get_playbook(lesson.playbook),
        "form": form or DecisionInput(),
        "may_decide": actor.can("review.lead") and lesson.state == LessonState.PROPOSED,
        "may_publish": actor.can("playbook.edit") and lesson.state == LessonState.ACCEPTED,
    }
    return render(request, "learning/lesson.html", context, status=status)


@require_safe
def lesson_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This page will show a lesson, what was decided and why, and the version of the playbook that holds it."""
    actor = signed_in(request)
    actor.require(*READERS)
    return _lesson(request, get_lesson(pk, actor=actor))


@require_POST
@needs("review.lead")
def decide_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will accept or decline a lesson; a refusal is shown where it was typed."""
    actor, at = signed_in(request), now()
    lesson = get_lesson(pk, actor=actor)
    form, status = DecisionInput(request.POST), 400
    if form.is_valid():
        try:
            decide_lesson(lesson, **form.cleaned_data, by=actor, at=at)
            return redirect("lesson", pk)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _lesson(request, get_lesson(pk, actor=actor), form=form, status=status)


@require_http_methods(["GET", "POST"])
@needs("playbook.edit")
def publish_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This page will change one step of the playbook as the lesson says, or add the lesson as a note, and publish."""
    actor, at = signed_in(request), now()
    lesson = get_lesson(pk, actor=actor)
    playbook = get_playbook(lesson.playbook)
    steps = dict(steps_of(playbook))
    chosen = request.GET.get("step", "")
    if chosen and chosen not in steps:
        raise NotFound
    wording, status = Wording(playbook), 200
    if request.method == "POST":
        form, status = PublishInput(request.POST, step=steps.get(chosen), wording=wording), 400
        if form.is_valid():
            try:
                version = publish_lesson(
                    lesson,
                    step=chosen,
                    given=form.given(),
                    note=form.cleaned_data["note"],
                    after=form.cleaned_data["after"] or 0,
                    by=actor,
                    at=at,
                )
                return redirect("playbook_version", version.code, version.version)
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    else:
        initial = {"note": f"{lesson.number} {lesson.title}", "after": playbook.version}
        form = PublishInput(initial=initial, step=steps.get(chosen), wording=wording)
    context = {
        "lesson": lesson,
        "playbook": playbook,
        "form": form,
        "steps": [(key, said(step, "title")) for key, step in steps.items()],
        "chosen": chosen,
        "open": lesson.state == LessonState.ACCEPTED,
    }
    return render(request, "learning/publish.html", context, status=status)
