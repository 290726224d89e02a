"""Acting: counts in, levels confirmed, rule sets published and ended; and what another rule would give."""

import json
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotFound, Refusal
from qipan.laws.api import Use, article_choices
from qipan.webkit.sheets import read_table

from ..actions.counts import Reported, read_rows, report_counts
from ..actions.rule_sets import end_rule_set, fault_sentence, publish_rule_set
from ..actions.zones import Line, confirm_zone, confirm_zones
from ..input import ConfirmInput, ConfirmManyInput, CountFileInput, CountInput, EndInput, RuleFileInput
from ..models import RuleSet
from ..queries.counts import all_rule_sets, get_rule_set, rule_of, rule_sets_in_force
from ..queries.history import days_counted, what_if
from ..queries.proposals import proposals
from ..queries.words import input_label, reason_text
from ..rules.sets import LEVELS, UNITS, read_rule
from ..terms import ZoneLevel, ZoneUnit
from .looking import area_for, criteria_of, day_of, exact_for, path_for

MOST_LINES = 200  # lines of a report that the page lists
MOST_PROPOSALS = 300


@require_http_methods(["GET", "POST"])
@needs("zone.count")
def counts_page(request: HttpRequest) -> HttpResponse:
    """This view will take the count of an area and a day, or a file of them, and say of each line what became of it."""
    actor, at = signed_in(request), now()
    one = CountInput(initial={"day": localdate(at)}, prefix="one")
    many = CountFileInput(prefix="many")
    done: Reported | None = None
    status = 200
    if request.method == "POST":
        by_file = "many-source" in request.POST
        form: Any = CountFileInput(request.POST, request.FILES, prefix="many") if by_file else None
        form = form or CountInput(request.POST, prefix="one")
        one, many = (one, form) if by_file else (form, many)
        status = 400
        if form.is_valid():
            given, totals = form.cleaned_data, bool(form.cleaned_data.get("totals"))
            try:
                if by_file:
                    lines = read_rows(read_table(given["file"].read()), totals=totals, at=at)
                else:
                    row = {name: str(given[name]) for name in ("area", "day", "input", "n")}
                    lines = read_rows([{**row, "line": "1"}], totals=False, at=at)
                done = report_counts(
                    lines, totals=totals, source=given["source"], reason=given["reason"], by=actor, at=at
                )
                one = CountInput(initial={"day": localdate(at), "source": given["source"]}, prefix="one")
                many, status = CountFileInput(prefix="many"), 200
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    return render(
        request,
        "zones/counts.html",
        {
            "one": one,
            "many": many,
            "done": done,
            "lines": [(line, input_label(line.input)) for line in done.lines[:MOST_LINES]] if done else [],
            "more": max(len(done.lines) - MOST_LINES, 0) if done else 0,
        },
        status=status,
    )


def _proposals(
    request: HttpRequest,
    *,
    bad: dict[str, ConfirmInput] | None = None,
    many: ConfirmManyInput | None = None,
    status: int = 200,
) -> HttpResponse:
    actor, at = signed_in(request), now()
    articles = article_choices(Use.ZONE, on=localdate(at))
    bad = bad or {}
    found, more = [], 0
    for rule_set in rule_sets_in_force(at=at):
        every = proposals(rule_set, actor.scope, at=at)
        more += max(len(every) - MOST_PROPOSALS, 0)
        for one in every[:MOST_PROPOSALS]:
            form = bad.pop(one.area.code, None) or ConfirmInput(
                initial={"rule_set": rule_set.pk, "proposed": one.level, "level": one.level},
                articles=articles,
                auto_id=False,
            )
            reasons = [reason_text(reason.text(), figures="exact") for reason in one.reasons]
            found.append({"one": one, "rule_set": rule_set, "form": form, "reasons": reasons})
    return render(
        request,
        "zones/proposals.html",
        {
            "rows": found,
            "more": more,
            "many": many or ConfirmManyInput(articles=articles),
            "left": [error for form in bad.values() for error in form.non_field_errors()],
            "any_rule": bool(rule_sets_in_force(at=at)),
        },
        status=status,
    )


@require_GET
@needs("zone.confirm")
def proposals_page(request: HttpRequest) -> HttpResponse:
    """This view will list what the counts propose on the actor's ground, what rises first, each with its reasons."""
    return _proposals(request)


@require_POST
@needs("zone.confirm")
def confirm_view(request: HttpRequest, code: str) -> HttpResponse:
    """This view will confirm the level of one area; what is refused is said beside what was proposed."""
    actor, at = signed_in(request), now()
    form = ConfirmInput(request.POST, articles=article_choices(Use.ZONE, on=localdate(at)), auto_id=False)
    status = 400
    if form.is_valid():
        given = form.cleaned_data
        try:
            (zone, *_rest) = confirm_zone(
                get_rule_set(given["rule_set"]),
                code,
                level=given["level"],
                proposed=given["proposed"],
                words=given["words"],
                starts_at=given["starts_at"],
                article=given.get("article", ""),
                by=actor,
                at=at,
            )
            said = {"level": zone.get_level_display(), "code": code}
            messages.info(request, _("“%(level)s” is confirmed for %(code)s.") % said)
            return redirect("zone_proposals")
        except NotFound:
            raise
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _proposals(request, bad={code: form}, status=status)


@require_POST
@needs("zone.confirm")
def confirm_many_view(request: HttpRequest) -> HttpResponse:
    """This view will confirm what was ticked, each by itself; what is refused is said beside what was proposed."""
    actor, at = signed_in(request), now()
    articles = article_choices(Use.ZONE, on=localdate(at))
    form = ConfirmManyInput(request.POST, articles=articles)
    if not form.is_valid():
        return _proposals(request, many=form, status=400)
    sets = {one.pk: one for one in all_rule_sets()}
    ticked = form.cleaned_data["lines"]
    lines = [Line(sets[pk], code, level) for pk, code, level in ticked if pk in sets]
    try:
        told = confirm_zones(lines, article=form.cleaned_data.get("article", ""), by=actor, at=at)
    except Refusal as refusal:
        form.refuse(refusal)
        return _proposals(request, many=form, status=refusal.status)
    done = sum(why is None for _line, why in told)
    text = ngettext("%(count)s level is confirmed.", "%(count)s levels are confirmed.", done)
    messages.info(request, text % {"count": done})
    bad: dict[str, ConfirmInput] = {}
    for line, why in told:
        if why is not None:
            given = {"rule_set": line.rule_set.pk, "proposed": line.proposed, "level": line.proposed}
            given["article"] = form.cleaned_data.get("article", "")
            bad[line.code] = ConfirmInput(given, articles=articles, auto_id=False)
            bad[line.code].refuse(why)
    if not bad:
        return redirect("zone_proposals")
    return _proposals(request, bad=bad, status=409)


def _rules(
    request: HttpRequest,
    *,
    form: RuleFileInput | None = None,
    end: tuple[int, EndInput] | None = None,
    status: int = 200,
) -> HttpResponse:
    actor = signed_in(request)
    rows = []
    for rule_set in all_rule_sets():
        ending = end[1] if end and end[0] == rule_set.pk else EndInput(auto_id=False)
        rows.append({"rule_set": rule_set, "criteria": criteria_of(rule_set), "end": ending})
    return render(
        request,
        "zones/rules.html",
        {
            "rows": rows,
            "form": form or RuleFileInput(initial={"text": _example()}),
            "opened": form is not None,
            "publishes": actor.can("zone.rule"),
            "today": localdate(now()),
        },
        status=status,
    )


def _example() -> str:
    """A rule set as it is written, for whoever writes the first one."""
    criterion = {"input": "new_cases", "days": 14, "at_least": 1}
    return json.dumps(
        {
            "code": "", "title": "", "title_en": "", "hazard": "epidemic", "unit": "COMMUNITY", "unit_reason": "",
            "levels": [{"level": "MEDIUM", "all": [criterion]}],
            "minimum_rank": 2, "basis": "", "source": "", "valid_from": "",
        },
        ensure_ascii=False,
        indent=1,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@needs("board.view")
def rules_page(request: HttpRequest) -> HttpResponse:
    """This view will list the rule sets with basis, source and days, and publish another one."""
    actor, at = signed_in(request), now()
    if request.method == "GET":
        return _rules(request)
    actor.require("zone.rule")
    form = RuleFileInput(request.POST)
    status = 400
    if form.is_valid():
        try:
            given = json.loads(form.cleaned_data["text"])
            if not isinstance(given, dict):
                raise ValueError
            publish_rule_set(given, by=actor, at=at)
            return redirect("zone_rules")
        except (ValueError, RecursionError):  # nested deeper than anything that is read
            form.add_error("text", _("This is no JSON object."))
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _rules(request, form=form, status=status)


@require_POST
@needs("zone.rule")
def end_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will abolish a rule set from a day on."""
    actor, at = signed_in(request), now()
    rule_set = get_rule_set(pk)
    form = EndInput(request.POST, auto_id=False)
    status = 400
    if form.is_valid():
        try:
            end_rule_set(rule_set, **form.cleaned_data, by=actor, at=at)
            return redirect("zone_rules")
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _rules(request, end=(pk, form), status=status)


@require_GET
@needs("board.view")
def compare_page(request: HttpRequest) -> HttpResponse:
    """This view will put two rules on the same history side by side; the second may be changed here. Nothing is kept."""
    actor, at = signed_in(request), now()
    area, today = area_for(actor, request.GET.get("area", "")), localdate(at)
    counted = days_counted(actor.scope)
    last = day_of(request, "last", counted[1] if counted else today, latest=today)
    first = day_of(request, "first", max(counted[0], last - timedelta(days=365)) if counted else last, latest=last)
    first = max(first, last - timedelta(days=365))
    sets = all_rule_sets()
    chosen = [_chosen(request, name, sets) for name in ("a", "b")]
    context: dict[str, Any] = {
        "area": area,
        "path": path_for(area, actor),
        "first": first,
        "last": last,
        "sets": sets,
        "a": chosen[0],
        "b": chosen[1],
        "units": [(name, ZoneUnit(level).label) for name, level in UNITS.items()],
        "problems": [],
    }
    if chosen[0] is not None and chosen[1] is not None:
        changed, fields, problems = _changed(request, chosen[1])
        context |= {"fields": fields, "problems": problems, "unit": _unit(request, chosen[1])}
        if changed is not None:
            found = what_if(area, rule_of(chosen[0]), changed, first=first, last=last)
            figures = "exact" if exact_for(actor) else "masked"
            context |= {
                "found": found.comparison,
                "levels": [
                    (
                        ZoneLevel(level).label,
                        *(n for side in (found.comparison.a, found.comparison.b) for n in
                          (side.areas[level], side.area_days[level])),
                    )
                    for level in (3, 2, 1)
                ],
                "differing": [
                    (
                        view,
                        one,
                        ZoneLevel(one.level_a).label,
                        ZoneLevel(one.level_b).label,
                        [reason_text(r.text(), figures=figures) for r in why_a],
                        [reason_text(r.text(), figures=figures) for r in why_b],
                    )
                    for view, one, why_a, why_b in found.differing
                ],
            }  # fmt: skip
    return render(request, "zones/compare.html", context, status=400 if context["problems"] else 200)


def _chosen(request: HttpRequest, name: str, sets: list[RuleSet]) -> RuleSet | None:
    asked = request.GET.get(name, "")
    return next((one for one in sets if str(one.pk) == asked), sets[0] if sets else None)


def _unit(request: HttpRequest, rule_set: RuleSet) -> str:
    return request.GET.get("unit", ZoneUnit(rule_set.unit).name)


def _changed(request: HttpRequest, rule_set: RuleSet) -> tuple[Any, list[dict[str, Any]], list[str]]:
    """The second rule with what was typed in place of its numbers, the fields to type them, and what is wrong."""
    names = {level: name for name, level in LEVELS.items()}
    fields, levels = [], []
    for level, criteria in rule_of(rule_set).levels:
        own = []
        for place, one in enumerate(criteria):
            name = f"{names[level]}.{place}"
            least = request.GET.get(f"{name}.least", str(one.at_least))
            days = request.GET.get(f"{name}.days", "" if one.days is None else str(one.days))
            own.append({"input": one.input, "at_least": _int(least), "days": _int(days) if days.strip() else None})
            fields.append(
                {
                    "name": name,
                    "level": ZoneLevel(level).label,
                    "input": input_label(one.input),
                    "least": least,
                    "days": days,
                }
            )
        levels.append({"level": names[level], "all": own})
    rule, faults = read_rule({"hazard": rule_set.hazard, "unit": _unit(request, rule_set), "levels": levels})
    return rule, fields, [fault_sentence(fault) for fault in faults]


def _int(text: str) -> int | str:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
