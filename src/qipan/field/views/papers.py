"""Paper has the same rights as the phone: the sheets of a form by stairwell, with its passport and the right to refuse.

What comes back is entered on the page of forms, which checks it as the phone does.
"""

from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from qipan.access.api import needs, signed_in
from qipan.duties.api import Unit
from qipan.forms.api import (
    Form,
    PaperLine,
    Subject,
    asked_ground,
    held_values,
    open_forms,
    paper_of,
    passport_lines,
)
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.place import Range, compound_of, place_text
from qipan.kernel.refusal import NotFound
from qipan.territory.api import Compound, compounds_within, doors_within

from ..queries import form_of

MOST_COLUMNS = 6  # more questions than that are asked on a block for each door
BLANKS = {Subject.UNIT: 1, Subject.DOOR: 1, Subject.PERSON: 3}  # how many may be asked at one place


@require_safe
@needs("visit.submit")
def form_paper(request: HttpRequest, code: str) -> HttpResponse:
    """This page will print a form for the doors of one compound, or for the own unit; a lapsed one with nothing but its
    passport and the words that it may be refused."""
    actor, at = signed_in(request), now()
    form = form_of(actor, code, at=at)
    lapsed = form.valid_to <= at
    lines = [] if lapsed else paper_of(form)
    asked = [one for one in lines if not one.note]
    compounds = [] if lapsed or form.subject == Subject.UNIT else _compounds(form, actor)
    chosen = _chosen(compounds, request.GET.get("compound", ""))
    shown = {
        "form": form,
        "passport": passport_lines(form),
        "lapsed": lapsed,
        "notes": [one for one in lines if one.note],
        "asked": asked,
        "wide": len(asked) > MOST_COLUMNS,
        "compounds": [(place_text(one.place), one.name, one == chosen) for one in compounds],
        "wells": [] if lapsed else _wells(form, asked, chosen, actor),
        "about_persons": form.subject == Subject.PERSON,
    }
    return render(request, "field/form_paper.html", shown)


def _compounds(form: Form, actor: Actor) -> list[Compound]:
    """The compounds on the actor's ground where the form is open, also those of which a team has a part."""
    ground = asked_ground(actor, form)
    grounds = [
        Range(compound_of(part.first), part.last)
        for one in open_forms(ground.ranges, at=now(), code=form.code)
        for part in ground.narrowed(Range(one.first, one.last)).ranges
    ]
    return list(compounds_within(grounds).order_by("place"))


def _chosen(compounds: list[Compound], asked: str) -> Compound | None:
    if not asked:
        return next(iter(compounds), None)
    found = next((one for one in compounds if one.place == key_of(asked)), None)
    if found is None:
        raise NotFound
    return found


def _wells(form: Form, asked: list[PaperLine], chosen: Compound | None, actor: Actor) -> list[dict[str, Any]]:
    """The rows of the sheet by stairwell; of a form about units the one row of the own unit."""
    if form.subject == Subject.UNIT:
        unit = Unit.objects.filter(pk=actor.unit_id or 0).first()
        if unit is None:
            return []
        held = held_values(form, actor.scope.ranges, at=now()).get(unit.code, {})
        return [{"rows": [_row(unit.label, held, asked, form)]}]
    if chosen is None:
        return []
    ground = asked_ground(actor, form).narrowed(Range(chosen.place, chosen.place + 9_999)).ranges
    doors = doors_within(ground).order_by("place")
    held_of = held_values(form, ground, at=now())
    return [
        {
            "compound": chosen.name,
            "building": building,
            "entrance": entrance,
            "rows": [_row(one.label, held_of.get(place_text(one.place), {}), asked, form) for one in some],
        }
        for (building, entrance), some in groupby(doors, key=lambda one: (one.building, one.entrance))
    ]


def _row(label: str, held: dict[str, str], asked: list[PaperLine], form: Form) -> dict[str, Any]:
    return {
        "label": label,
        "cells": [(one, held.get(one.held, "") if one.held else "") for one in asked],
        "blanks": range(BLANKS[Subject(form.subject)]),
    }
