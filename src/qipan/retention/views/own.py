"""Pages for a person's own data, without an account: by the code that the person already holds."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotFound, Refusal
from qipan.webkit.challenge import count_try
from qipan.webkit.forms import ActForm

from ..actions import ask, correct_own
from ..input import CodeInput, CorrectInput, WishInput
from ..queries import own_by_code, wishes_of

TRIES = 20  # codes from one address in ten minutes, in each process


def person() -> Actor:
    """This function will return the actor of these pages: whoever holds a code, with no right but that."""
    return Actor(label=_("a person, by the own code"), scope=Scope((range_of(settings.CITY),)))


@never_cache
@require_http_methods(["GET", "POST"])
def my_data_start(request: HttpRequest) -> HttpResponse:
    """This view will ask for a code; there is no search by name or telephone."""
    form, status = CodeInput(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        count_try(request, "my-data", most=TRIES)
        code = form.cleaned_data["code"].strip()
        try:
            own_by_code(code, at=now())
            return redirect("my_data_code", code)
        except Refusal as refusal:
            form.add_error("code", str(refusal))
            status = refusal.status
    return render(request, "retention/my_data_start.html", {"form": form}, status=status)


def _page(request: HttpRequest, code: str, *, status: int = 200, **forms: ActForm) -> HttpResponse:
    own = own_by_code(code, at=now())
    correct = CorrectInput(held=own.held) if any(one.correct for one in own.held) else None
    shown = {"own": own, "code": code, "wishes": wishes_of(own.subject), "wish": WishInput(), "correct": correct}
    return render(request, "retention/my_data.html", {**shown, **forms}, status=status)


@never_cache
@require_GET
def my_data_page(request: HttpRequest, code: str) -> HttpResponse:
    """This view will show what is held in the purpose of a code, until when, who looked and why."""
    count_try(request, "my-data", most=TRIES)
    return _page(request, code)


@never_cache
@require_POST
def my_data_act(request: HttpRequest, code: str, act: str) -> HttpResponse:
    """This view will take a person's wish (``wish``) or correct what may be corrected at once (``correct``)."""
    count_try(request, "my-data", most=TRIES)
    own, at = own_by_code(code, at=now()), now()
    form: ActForm = WishInput(request.POST) if act == "wish" else CorrectInput(request.POST, held=own.held)
    if act not in ("wish", "correct"):
        raise NotFound
    status = 400
    if form.is_valid():
        try:
            if act == "wish":
                ask(own, **form.cleaned_data, by=person(), at=at)
            else:
                names = [one.correct for one in own.held if one.correct]
                name = form.cleaned_data["name"] or (names[0] if len(names) == 1 else "")
                correct_own(own, name=name, value=form.cleaned_data["value"], by=person(), at=at)
            return redirect("my_data_code", code)
        except NotFound:
            raise
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _page(request, code, status=status, **{act: form})
