"""Work admission: the public list, applying, deciding."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.duties.api import OrganType
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import BadInput, NotFound, Refusal
from qipan.laws.api import Article, Flag, cited_by, flags_of

from ..actions.admissions import apply_admission, count_units, decide_admission
from ..input import AdmissionForm, DecisionForm
from ..models import Admission
from ..queries.admissions import (
    Known,
    areas_for,
    field_labels,
    fields_of_form,
    get_admission,
    ground_names,
    grounds_of,
    known_of,
    public_admissions,
)
from ..rules import hours_a_month
from ..terms import Activity, AdmissionState

ONE_DAY = timedelta(days=1)
PER_PAGE = 30
FROM_DRAFT = ("title", "form_code", "questions", "basis")  # what a form's draft says already and nobody types again


@require_http_methods(["GET", "HEAD", "POST"])
def admissions_page(request: HttpRequest) -> HttpResponse:
    """This view will show everybody what was applied for and decided (SVC-9); and take an application."""
    if request.method == "POST":
        return _apply(request, signed_in(request))
    actor: Actor = getattr(request, "actor", None) or Actor(label="")
    begun = {name: request.GET[name][:300] for name in FROM_DRAFT if name in request.GET}
    if "form_code" in begun:
        begun["activity"] = Activity.FORM
    return _listed(request, actor, _form(actor, begun), opened=bool(begun))


def _apply(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Shows what an application would cost; takes it where that was seen (SVC-9)."""
    actor.require("admission.apply")
    form, cost = _form(actor, {}, request.POST), None
    if form.is_valid():
        given = form.cleaned_data
        first, last = (_midnight(given[name]) for name in ("valid_from", "valid_to"))
        areas, fields = given.pop("areas"), given.pop("asks")
        try:
            grounds = grounds_of(areas, actor=actor) if areas else None
            asked = {**given, "fields": fields, "grounds": grounds, "valid_from": first, "valid_to": last + ONE_DAY}
            cost = _cost(asked, actor)
            if request.POST.get("seen") == cost.seen:
                apply_admission(**asked, by=actor, at=now())
                return HttpResponseRedirect(reverse("admissions"))
        except BadInput as refusal:
            form.add_error(None, refusal.problems)
    return _listed(request, actor, form, cost=cost, status=400 if form.errors else 200)


def _listed(
    request: HttpRequest,
    actor: Actor,
    form: AdmissionForm,
    *,
    cost: "Cost | None" = None,
    opened: bool = False,
    said: tuple[int, DecisionForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The list, with an application or a decision that could not be taken as it was typed."""
    state = request.GET.get("state", "")
    if state and state not in AdmissionState.values:
        raise NotFound
    kinds = {kind.code: kind.label for kind in OrganType.objects.all()}
    labels = field_labels()
    page = Paginator(public_admissions(state=state), PER_PAGE).get_page(request.GET.get("page"))
    admissions = list(page)
    keys = [admission.pk for admission in admissions]
    cited, flags = cited_by(Admission._meta.label, keys), flags_of(Admission._meta.label, keys)
    rows = [
        Shown(
            admission,
            ", ".join(kinds.get(code, code) for code in admission.organ_types) or _("all that only execute"),
            ground_names(admission.grounds),
            [(code, labels.get(code, code)) for code in admission.fields],
            [labels.get(code, code) for code in admission.asked.get("fields", ()) if code not in admission.fields],
            # A draft is converted for it: for whoever works with the list, not for every visitor.
            known_of(admission.form_code, at=now())
            if actor.unit_id and admission.state == AdmissionState.APPLIED
            else None,
            cited.get(admission.pk, []),
            flags.get(admission.pk, []),
            datetime.fromisoformat(admission.asked["valid_to"]) - ONE_DAY if "valid_to" in admission.asked else None,
            timezone.localtime(admission.valid_to - ONE_DAY).date(),
            said[1] if said and said[0] == admission.pk else None,
        )
        for admission in admissions
    ]
    context = {
        "rows": rows,
        "page": page,
        "form": form,
        "opened": opened or form.is_bound,
        "cost": None if form.errors else cost,
        "state": state,
        "states": AdmissionState.choices,
        "applies": actor.can("admission.apply"),
        "decides": actor.can("admission.decide"),
        "unit_id": actor.unit_id,
        "as_of": now(),
    }
    return render(request, "desk/admissions.html", context, status=status)


@dataclass(frozen=True)
class Shown:
    """One line of the public list."""

    admission: Admission
    kinds: str
    where: str
    fields: list[tuple[str, str]]
    left_out: list[str]  # fields that were applied for and not admitted
    known: Known | None
    articles: list[Article]
    flags: list[Flag]  # what became of them since
    asked_until: datetime | None  # the last day that was applied for, where less was admitted
    last_day: date
    said: DecisionForm | None  # a decision that was refused, with what was typed


@dataclass(frozen=True)
class Cost:
    """What an application would cost all units on the ground, what of its form is known already, whether a basis is named."""

    units: int
    minutes: int
    monthly_hours: float
    known: Known | None
    basis: str
    fields: str

    @property
    def seen(self) -> str:
        """What the form sends back, so that nothing is sent whose cost was not shown."""
        return f"{self.units}:{self.monthly_hours}"


def _cost(given: dict[str, Any], actor: Actor) -> Cost:
    units = count_units(given["organ_types"], grounds=given["grounds"], by=actor)
    minutes = given["minutes_per_unit"]
    monthly = hours_a_month(minutes, units, given["how_often"])
    labels = field_labels()
    return Cost(
        units,
        minutes,
        monthly,
        known_of(given["form_code"], at=now()),
        given["basis"].strip() or given["article"],
        ", ".join(labels.get(code, code) for code in given["fields"]),
    )


def _form(actor: Actor, begun: dict[str, Any], typed: QueryDict | None = None) -> AdmissionForm:
    """The form of an application; of a draft, with the fields that it asks."""
    asks = (fields_of_form(begun["form_code"], at=now()) or []) if begun.get("form_code") and actor.unit_id else []
    applies = actor.can("admission.apply")
    return AdmissionForm(
        typed,
        initial={"valid_from": timezone.localdate(now()), "asks": asks, **begun},
        at=now(),
        areas=[(area.code, area.label) for area in areas_for(actor)] if applies else [],
        labels=field_labels() if applies else {},
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


@require_POST
@needs("admission.decide")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will admit or refuse an application with a reason that everyone may read."""
    actor = signed_in(request)
    admission: Admission = get_admission(pk, actor=actor)
    form = DecisionForm(request.POST, fields=admission.fields)
    status = 400
    if form.is_valid():
        given = form.cleaned_data
        try:
            decide_admission(
                admission,
                admitted=given["admitted"] == "1",
                reason=given["reason"],
                basis=given["basis"],
                questions=given["questions"],
                fields=given["asks"] if admission.fields else None,
                valid_to=_midnight(given["valid_to"]) + ONE_DAY if given["valid_to"] else None,
                by=actor,
                at=now(),
            )
        except Refusal as refusal:
            if admission.state != AdmissionState.APPLIED:
                raise
            form.refuse(refusal)
            status = refusal.status
        else:
            return HttpResponseRedirect(reverse("admissions"))
    return _listed(request, actor, _form(actor, {}), said=(admission.pk, form), status=status)


@require_GET
def old_address(request: HttpRequest) -> HttpResponse:
    """This view will lead from the desk's own address to the list."""
    signed_in(request)
    return HttpResponseRedirect(reverse("admissions"))
