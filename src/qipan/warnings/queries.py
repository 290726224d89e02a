"""Reading warnings: what holds on a ground, a chain, alerts that wait."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

from django.db.models import Case, Q, QuerySet, When
from django.utils.timezone import get_default_timezone, localdate
from django.utils.translation import get_language

from qipan.desk.api import Task
from qipan.duties.api import Unit, signing_unit
from qipan.kernel.actor import Actor
from qipan.kernel.opened import Emergency, OpenLine
from qipan.kernel.place import Range, short_code
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.kernel.scoped import overlapping
from qipan.territory.api import AreaView, get_area, named_area

from . import rules
from .models import ReceivedAlert, Warning, WarningGround
from .terms import Colour, MessageKind, ReceivedState

SHOWN = 100


def organ_of(actor: Actor) -> Unit:
    """This function will return the organ that warns for a post; a post without one warns nobody (``NotAllowed``)."""
    actor.require("warning.issue")
    unit = Unit.objects.select_related("organ_type").filter(pk=actor.unit_id).first() if actor.unit_id else None
    if unit is None:
        raise NotAllowed(act="warning.issue")
    return unit


def _on(ranges: Iterable[Range]) -> "QuerySet[Warning]":
    here = WarningGround.objects.filter(overlapping(ranges)).values("warning")
    return Warning.objects.filter(pk__in=here).select_related("issuer").prefetch_related("grounds")


def holding(at: datetime) -> Q:
    """This function will return the filter for messages that hold at ``at`` or will hold later: the last of its chain,
    neither cancelled nor expired."""
    return Q(replaced_by=None, expires_at__gt=at) & ~Q(msg_type=MessageKind.CANCEL)


def warnings_on(ranges: Iterable[Range], *, at: datetime, drills: bool = False) -> list[Warning]:
    """This function will return what holds on a ground, the gravest first; exercises only where they are asked for."""
    rows = _on(ranges).filter(holding(at))
    return list((rows if drills else rows.filter(drill=False)).order_by("colour", "starts_at", "pk")[:SHOWN])


def ended_on(ranges: Iterable[Range], *, at: datetime) -> list[Warning]:
    """This function will return the chains that are over on a ground by their last message, the latest first."""
    rows = _on(ranges).filter(Q(msg_type=MessageKind.CANCEL) | Q(expires_at__lte=at), replaced_by=None)
    return list(rows.order_by("-sent_at", "-pk")[:SHOWN])


def sent_lately(ranges: Iterable[Range], *, since: datetime) -> list[Warning]:
    """This function will return the messages that went out since a moment, the latest first, without exercises."""
    return list(_on(ranges).filter(sent_at__gte=since, drill=False).order_by("-sent_at", "-pk")[:SHOWN])


def sent_between(ranges: Iterable[Range], *, since: datetime, until: datetime, drill: bool = False) -> list[Warning]:
    """This function will return the messages that went out about a ground in a time, the earliest first."""
    return list(
        _on(ranges).filter(sent_at__gte=since, sent_at__lte=until, drill=drill).order_by("sent_at", "pk")[:SHOWN]
    )


def get_warning(identifier: str, *, ranges: Iterable[Range]) -> Warning:
    """This function will return one message that speaks of a ground. Raises ``NotFound``."""
    found = _on(ranges).filter(identifier=identifier).first()
    if found is None:
        raise NotFound
    return found


def public_warning(identifier: str) -> Warning:
    """This function will return one message for everybody; exercises are not public. Raises ``NotFound``."""
    rows = Warning.objects.select_related("issuer", "replaces__issuer").prefetch_related("grounds")
    found = rows.filter(identifier=identifier, drill=False).first()
    if found is None:
        raise NotFound
    return found


def chain_of(warning: Warning) -> list[Warning]:
    """This function will return every message of the chain, the first one first."""
    first = warning
    while first.replaces_id is not None:
        first = Warning.objects.select_related("issuer").get(pk=first.replaces_id)
    chain = [first]
    while later := Warning.objects.select_related("issuer").filter(replaces=chain[-1].pk).first():
        chain.append(later)
    return chain


def last_of(key: int) -> Warning:
    """This function will return the last message of the chain that a message, by its key, belongs to."""
    return chain_of(Warning.objects.select_related("issuer").get(pk=key))[-1]


def still_holds(last: Warning, *, at: datetime) -> bool:
    """This function will say whether the last message of a chain holds at ``at``, or will hold later."""
    return last.msg_type != MessageKind.CANCEL and last.expires_at > at


def open_lines(emergency: Emergency, *, at: datetime) -> list[OpenLine]:
    """This function will list the warnings that hold for an emergency: the one that it followed, and those of its hazard
    on its ground, which only that ties to it. A chain has the reference of its first message.
    """
    kinds = [kind.code for kind in rules.kinds().values() if kind.hazard == emergency.hazard]
    rows = _on(emergency.grounds).filter(holding(at), kind__in=kinds, drill=emergency.drill)
    found = {warning.pk: warning for warning in rows}
    followed = last_of(emergency.follows) if emergency.follows is not None else None
    if followed is not None and still_holds(followed, at=at):
        found[followed.pk] = followed
    lines = []
    for warning in sorted(found.values(), key=lambda one: one.pk):
        first = chain_of(warning)[0]
        lines.append(
            OpenLine(
                "WARNING",
                f"warnings.Warning:{first.pk}",
                warning.headline,
                warning.issuer_id,
                first.sent_at,
                detail={"warning": first.pk, "address": f"/warnings/one/{warning.identifier}"},
                by_ground=followed is None or warning.pk != followed.pk,
            )
        )
    return lines


def source_of(warning: Warning, code: str) -> str:
    """This function will name the task that a message of a warning started for one thing to be done."""
    return f"prealert:{warning.pk}:{code}"


def prealert_tasks(chain: Sequence[Warning]) -> dict[str, Task]:
    """This function will return what the messages of a warning started, by what is to be done, the last of each."""
    codes = {source_of(one, action.code): action.code for one in chain for action in rules.actions()}
    rows = Task.objects.everywhere("what the warning itself started").filter(source__in=list(codes)).order_by("pk")
    return {codes[task.source]: task for task in rows}


@dataclass(frozen=True)
class PreAlert:
    """One thing that a warning makes due, and how far it has come; no task where it was never asked."""

    name: str
    article: str
    task: Task


def prealert_of(warning: Warning) -> list[PreAlert]:
    """This function will return what a warning started, in the order of the law and in the reader's language."""
    held, english = prealert_tasks(chain_of(warning)), not (get_language() or "").startswith("zh")
    return [
        PreAlert(one.name_en if english else one.name, one.article, held[one.code])
        for one in rules.actions()
        if one.code in held
    ]


def area_names(warning: Warning) -> list[str]:
    """This function will return the names of a message's areas in the reader's language."""
    return [area.label for area in areas_of(warning)]


def areas_of(warning: Warning) -> list[AreaView]:
    """This function will return the areas that a message speaks of, as they were when it was sent."""
    codes = dict.fromkeys(ground.code for ground in warning.grounds.all())
    return [named_area(code, on=localdate(warning.sent_at)) for code in codes]


def kind_name(code: str, *, english: bool | None = None) -> str:
    """This function will return the name of a kind, in the reader's language where none is asked for."""
    kind = rules.kinds().get(code)
    if kind is None:
        return code
    wanted = not (get_language() or "").startswith("zh") if english is None else english
    return kind.name_en if wanted else kind.name


def alert_of(warning: Warning) -> rules.Alert:
    """This function will return a message as CAP says it: Chinese first, English where it was written."""
    zone = get_default_timezone()
    kind = rules.kinds().get(warning.kind)
    areas = areas_of(warning)

    def info(language: str, headline: str, description: str, instruction: str) -> rules.Info:
        english = language.startswith("en")
        return rules.Info(
            language=language,
            categories=(kind.category if kind else "Other",),
            event=kind_name(warning.kind, english=english),
            urgency=warning.urgency,
            severity=rules.severity_of(warning.colour),
            certainty=warning.certainty,
            onset=warning.starts_at.astimezone(zone),
            expires=warning.expires_at.astimezone(zone),
            sender_name=(warning.issuer.name_en or warning.issuer.name) if english else warning.issuer.name,
            headline=headline,
            description=description,
            instruction=instruction,
            parameters=(("colour", Colour(warning.colour).name),),
            areas=tuple(
                ((area.name_en or area.name) if english else area.name, (("GB/T 2260", area.code),)) for area in areas
            ),
        )

    infos = [info("zh-CN", warning.headline, warning.description, warning.instruction)]
    if warning.headline_en:
        infos.append(
            info(
                "en-US",
                warning.headline_en,
                warning.description_en or warning.description,
                warning.instruction_en or warning.instruction,
            )
        )
    return rules.Alert(
        identifier=warning.identifier,
        sender=warning.sender,
        sent=warning.sent_at.astimezone(zone),
        status="Exercise" if warning.drill else "Actual",
        msg_type=warning.msg_type,
        scope="Public",
        infos=tuple(infos),
        references=(warning.replaces.reference,) if warning.replaces else (),
        note=warning.reason,
    )


def waiting_alerts() -> list[ReceivedAlert]:
    """This function will return the alerts from outside, those that wait for a decision first."""
    waits = Case(When(state=ReceivedState.WAITING, then=0), default=1)
    return list(ReceivedAlert.objects.select_related("unit", "warning").order_by(waits, "-received_at", "-pk")[:SHOWN])


def get_alert(pk: int) -> ReceivedAlert:
    """This function will return one alert from outside. Raises ``NotFound``."""
    found = ReceivedAlert.objects.select_related("unit", "warning").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def issued_from(references: Sequence[str]) -> list[Warning]:
    """This function will return the warnings that were issued here from the messages that an alert refers to."""
    named = {tuple(one.split(",")) for one in references[:SHOWN]}
    rows = ReceivedAlert.objects.filter(identifier__in={one[1] for one in named}, warning__isnull=False)
    return [
        row.warning
        for row in rows.select_related("warning").order_by("pk")
        if row.warning and any(_names(one, row) for one in named)
    ]


def later_alerts(chain: Sequence[Warning]) -> list[ReceivedAlert]:
    """This function will return the alerts that wait and update or cancel a message from which this warning was issued
    here, the earliest first.
    """
    sources = list(ReceivedAlert.objects.filter(warning__in=[one.pk for one in chain]))
    if not sources:
        return []
    named = Q()
    for one in sources:
        named |= Q(cap__contains=escape(one.identifier))  # as it stands in XML
    rows = ReceivedAlert.objects.filter(
        named, state=ReceivedState.WAITING, status="Actual", msg_type__in=[MessageKind.UPDATE, MessageKind.CANCEL]
    )
    return [
        row
        for row in rows.order_by("sent_at", "pk")
        for references in [rules.read_alert(row.cap.encode()).references]
        if any(_names(one.split(","), source) for one in references for source in sources)
    ]


@dataclass(frozen=True)
class TakenAreas:
    """The areas of an alert as a unit may warn of them, by code; ``left`` names those that are not its own or not known."""

    codes: list[str]
    left: list[str]


def areas_of_alert(
    areas: Iterable[tuple[str, Iterable[tuple[str, str]]]], *, own: Sequence[Range], offered: Sequence[AreaView]
) -> TakenAreas:
    """This function will propose areas of a unit's ground for those that an alert names by code, else by name.

    ``offered`` is the unit's own area first and those below it; of an area that holds all of its ground the own one is taken.
    """
    codes: dict[str, None] = {}
    left = []
    for name, geocodes in areas:
        found = [code for area in _meant(name, geocodes, offered) if (code := _within(area, own, offered))]
        codes.update(dict.fromkeys(found))
        if not found:
            left.append(name)
    return TakenAreas(list(codes), left)


def _meant(name: str, geocodes: Iterable[tuple[str, str]], offered: Sequence[AreaView]) -> list[AreaView]:
    found = []
    for _scheme, value in geocodes:
        with suppress(ValueError, NotFound):  # a code of another country's scheme, say
            found.append(get_area(short_code(value)))
    return found or [one for one in offered if name in (one.name, one.name_en)]


def _within(area: AreaView, own: Sequence[Range], offered: Sequence[AreaView]) -> str:
    if not any(part.without(own) for part in area.ranges):
        return area.code
    whole = offered and own and not any(part.without(area.ranges) for part in own)
    return offered[0].code if whole else ""


def to_change(references: Sequence[str], *, actor: Actor, at: datetime) -> Warning | None:
    """This function will return the warning that an actor may change, was issued from what an alert refers to, and holds."""
    lasts = [last_of(one.pk) for one in issued_from(references)]
    return next((one for one in lasts if still_holds(one, at=at) and signing_unit(one.issuer, by=actor)), None)


def _names(reference: Sequence[str], alert: ReceivedAlert) -> bool:
    sender, identifier, sent = reference
    try:
        return (sender, identifier, datetime.fromisoformat(sent)) == (alert.sender, alert.identifier, alert.sent_at)
    except ValueError:
        return False
