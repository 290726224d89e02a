"""Pages of access: posts, passes, accounts, and the door behind a pass's link."""

import csv
from datetime import datetime
from uuid import UUID

from allauth.account import views as account_views
from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.db.models import Count, Max, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.opened import emergencies_on
from qipan.kernel.place import place_text
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, NotSignedIn, Refusal
from qipan.webkit.sheets import cell

from .actions import end_post, enrol_workers, give_post, open_account, revoke_passes
from .actions.staying import say_stay
from .input import EnrolForm, PostForm, read_workers
from .models import Account, Pass, Post
from .queries import (
    PASS_COOKIE,
    POST_KEY,
    actor_of_token,
    link_for,
    needs,
    read_claim,
    seats_of,
    signed_in,
    token_for,
    valid,
)
from .queries.staying import volunteer_of
from .rules import NotAPass, collect_settings

PAGE = 100  # rows of a list
SHEET = 60  # codes of a printed sheet: five pages of A4


@never_cache
def change_password(request: HttpRequest) -> HttpResponse:
    """This view will change the password of the signed-in account; one that logs in otherwise has none to change."""
    if request.user.is_authenticated and not request.user.has_usable_password():
        raise NotFound
    response: HttpResponse = account_views.password_change(request)
    return response


@require_http_methods(["GET", "POST"])
def post(request: HttpRequest) -> HttpResponse:
    """This view will show the posts of the signed-in account and switch to another."""
    actor = signed_in(request)
    if actor.account_id is None:
        raise NotAllowed(act="post.switch")
    seats = seats_of(actor.account_id, at=now())
    if request.method == "POST":
        chosen = request.POST.get("post", "")
        if chosen not in {str(seat.post_id) for seat in seats}:
            raise NotFound
        request.session[POST_KEY] = int(chosen)
        return redirect("/")
    return render(request, "access/post.html", {"seats": seats, "current": actor.post_id})


def _states(passes: QuerySet[Pass], state: str, at: datetime) -> QuerySet[Pass]:
    if state == "revoked":
        return passes.filter(revoked_at__isnull=False)
    if state == "expired":
        return passes.filter(revoked_at=None, expires_at__lte=at)
    if state == "stays":
        return passes.filter(stays_until__gt=at)
    return passes.filter(revoked_at=None, expires_at__gt=at)


@needs("pass.issue")
@require_GET
def passes(request: HttpRequest) -> HttpResponse:
    """This view will list the passes on the actor's ground, newest first, by state."""
    actor, at = signed_in(request), now()
    state = request.GET.get("state", "in-force")
    chosen = _states(Pass.objects.within(actor.scope), state, at).select_related("unit", "role")
    after = request.GET.get("after", "")
    if after:
        chosen = chosen.filter(serial__lt=_serial(after))
    rows = list(chosen.order_by("-serial")[: PAGE + 1])
    batches = (
        Pass.objects.within(actor.scope)
        .filter(expires_at__gt=at)
        .values("batch")
        .annotate(
            people=Count("serial"),
            until=Max("expires_at"),
            issued=Min("issued_at"),
            revoked=Count("serial", filter=Q(revoked_at__isnull=False)),
        )
        .order_by("-issued", "batch")[:20]
    )
    return render(
        request,
        "access/passes.html",
        {
            "passes": rows[:PAGE],
            "after": rows[PAGE - 1].serial if len(rows) > PAGE else None,
            "state": state,
            "states": [
                ("in-force", _("in force")),
                ("expired", _("expired")),
                ("revoked", _("revoked")),
                ("stays", _("stay as volunteers")),
            ],
            "batches": batches,
        },
    )


def _serial(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


@needs("pass.issue")
@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """This view will enrol the people of an uploaded list, all or none, and show every bad line."""
    actor = signed_in(request)
    form = EnrolForm(request.POST or None, request.FILES or None)
    refusal: Refusal | None = None
    if request.method == "POST" and form.is_valid():
        try:
            enrolled = enrol_workers(
                read_workers(form.cleaned_data["file"].read()),
                role_code=form.cleaned_data["role"].code,
                unit=_own_unit(actor),
                expires_at=form.expires_at(),
                by=actor,
                at=now(),
            )
        except (NotAllowed, NotFound):
            raise
        except Refusal as why:
            refusal = why
        else:
            return redirect("access-batch", batch=enrolled[0].issued.batch)
    status = 200 if request.method == "GET" else refusal.status if refusal else 400
    return render(request, "access/enrol.html", {"form": form, "refusal": refusal}, status=status)


def _own_unit(actor: Actor) -> Unit:
    unit = Unit.objects.filter(pk=actor.unit_id).first() if actor.unit_id else None
    if unit is None:
        raise NotFound
    return unit


def _batch(request: HttpRequest, batch: str) -> QuerySet[Pass]:
    """Returns the passes of a list on the actor's ground; raises ``NotFound`` when there are none."""
    chosen = Pass.objects.within(signed_in(request).scope).filter(batch=batch).select_related("role", "unit")
    if not chosen.exists():
        raise NotFound
    return chosen.order_by("line")


@needs("pass.issue")
@require_GET
def batch(request: HttpRequest, batch: str) -> HttpResponse:
    """This view will show what became of a list: how many, until when, sheets to print, the file of links."""
    chosen, at = _batch(request, batch), now()
    in_force = _states(chosen, "in-force", at).count()
    people = chosen.count()
    sheets = range(1, -(-in_force // SHEET) + 1)
    context = {"batch": batch, "first": chosen[0], "people": people, "in_force": in_force, "sheets": sheets}
    return render(request, "access/batch.html", context)


@needs("pass.issue")
@require_GET
@never_cache
def sheet(request: HttpRequest, batch: str, number: int) -> HttpResponse:
    """This view will print one sheet of QR codes of a list, of the passes in force; ``client=collect`` for ODK Collect."""
    collect = request.GET.get("client") == "collect"
    chosen = _states(_batch(request, batch), "in-force", now())[(number - 1) * SHEET : number * SHEET]
    cards = []
    for issued in chosen:
        said = _collect(request, issued) if collect else request.build_absolute_uri(link_for(token_for(issued)))
        cards.append((issued, said))
    if not cards:
        raise NotFound
    return render(request, "access/sheet.html", {"cards": cards, "number": number, "batch": batch, "collect": collect})


def _collect(request: HttpRequest, issued: Pass) -> str:
    """The settings that ODK Collect reads from a QR code: where the forms of this pass are."""
    address = reverse("openrosa_key_list", args=[token_for(issued)]).removesuffix("/formList")
    return collect_settings(request.build_absolute_uri(address), name=issued.unit.label)


@needs("pass.issue")
@require_GET
@never_cache
def links(request: HttpRequest, batch: str) -> HttpResponse:
    """This view will give the links of a list as CSV, to be sent to each person."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="links-{batch}.csv"'
    response.write("\ufeff")
    writer = csv.writer(response)
    writer.writerow(["label", "area", "team", "expires_at", "link"])
    root = request.build_absolute_uri("/").rstrip("/")
    for issued in _states(_batch(request, batch), "in-force", now()):
        until = issued.expires_at.isoformat()
        writer.writerow(
            [cell(issued.label), place_text(issued.first), issued.team or "", until, root + link_for(token_for(issued))]
        )
    return response


@needs("pass.issue")
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """This view will revoke one pass or all of a list."""
    actor = signed_in(request)
    chosen = Pass.objects.within(actor.scope)
    if "serial" in request.POST:
        chosen = chosen.filter(serial=_serial(request.POST["serial"]))
    else:
        chosen = chosen.filter(batch=request.POST.get("batch", ""))
    if not chosen.exists():
        raise NotFound
    revoke_passes(chosen, by=actor, at=now())
    return redirect("access-passes")


@never_cache
@require_http_methods(["GET", "POST"])
def open_pass(request: HttpRequest, token: str) -> HttpResponse:
    """This view will show whose pass a link is and, on the button, put it on this phone; a volunteer whose pass is over is
    asked there whether to stay.

    GET changes nothing: programs that preview links fetch them too.
    """
    try:
        actor = actor_of_token(token, at=now())
    except NotSignedIn as refusal:
        invited = None if isinstance(refusal, NotAPass) else volunteer_of(token, at=now())
        shown = {"refusal": refusal, "invited": invited, "token": token}
        status = 200 if invited is not None else refusal.status
        response = render(request, "access/pass_refused.html", shown, status=status)
    else:
        claim = read_claim(token, at=now())
        if request.method == "POST":
            logout(request)  # a phone works for one person at a time
            response = redirect("/field")
            response.set_cookie(
                PASS_COOKIE,
                token,
                expires=claim.expires_at,
                httponly=True,
                secure=settings.SESSION_COOKIE_SECURE,
                samesite="Lax",
            )
        else:
            unit = _own_unit(actor)
            context = {"holder": actor, "unit": unit, "expires_at": claim.expires_at}
            response = render(request, "access/pass.html", context)
    return _own_address(response)


def _own_address(response: HttpResponse) -> HttpResponse:
    """The address is the key: no other site hears of it. (With "no-referrer" the button's own POST would be refused.)"""
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@never_cache
@require_POST
def stay(request: HttpRequest, token: str) -> HttpResponse:
    """This view will keep whether a volunteer stays with the group, said by the own link once the emergency is over."""
    answer = request.POST.get("answer", "")
    if answer not in ("yes", "no"):
        raise NotFound
    say_stay(token, stays=answer == "yes", at=now())
    return _own_address(redirect("access-open-pass", token))


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """This view will take the pass off this phone."""
    response = redirect("account_login")
    response.delete_cookie(PASS_COOKIE, samesite="Lax")
    return response


@needs("account.manage")
@require_http_methods(["GET", "POST"])
def accounts(request: HttpRequest) -> HttpResponse:
    """This view will list the posts held on the actor's ground, and give a post to an account."""
    actor, at = signed_in(request), now()
    form = PostForm(request.POST or None, emergencies=emergencies_on(actor.scope.ranges, at=at))
    refusal: Refusal | None = None
    if request.method == "POST" and form.is_valid():
        try:
            _give(form, request, at)
        except (NotAllowed, NotFound):
            raise
        except Refusal as why:
            refusal = why
        else:
            return redirect("access-accounts")
    held = valid(Post.objects.within(actor.scope), at=at).select_related("account", "unit", "role")
    after = request.GET.get("after", "")
    if after.isascii() and after.isdigit():
        held = held.filter(pk__gt=int(after[:18]))
    rows = list(held.order_by("pk")[: PAGE + 1])
    context = {
        "posts": rows[:PAGE],
        "after": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "form": form,
        "refusal": refusal,
    }
    status = 200 if request.method == "GET" else refusal.status if refusal else 400
    return render(request, "access/accounts.html", context, status=status)


@transaction.atomic
def _give(form: PostForm, request: HttpRequest, at: datetime) -> None:
    actor, data = signed_in(request), form.cleaned_data
    account = Account.objects.filter(username=data["username"]).first()
    if account is None:
        if not data["password"]:
            raise BadInput([_("a new account needs a first password")])
        account = open_account(
            username=data["username"],
            display_name=data["display_name"] or data["username"],
            password=data["password"],
            by=actor,
            at=at,
        )
    give_post(
        account,
        unit=data["unit"],
        role=data["role"],
        title=data["title"],
        sponsors_area=data["sponsors_area"],
        published_name=data["published_name"],
        emergency=data["emergency"],
        by=actor,
        at=at,
    )


@needs("account.manage")
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will end a post."""
    actor = signed_in(request)
    held = Post.objects.within(actor.scope).select_related("unit").filter(pk=pk).first()
    if held is None:
        raise NotFound
    end_post(held, by=actor, at=now())
    return redirect("access-accounts")
