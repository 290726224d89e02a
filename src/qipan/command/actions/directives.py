"""Issuing, revising and recalling directives; signing for those that came on paper."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from qipan.desk.api import Admission, ShortNoticeAtNight, TaskKind, recall_sources, send_tasks
from qipan.duties.api import Unit, heir_of
from qipan.forms.api import Form
from qipan.journal.api import publish, queue_message, record
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.calendar import robs_sleep
from qipan.kernel.place import Range
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, Refusal
from qipan.posture.api import postures_in_force
from qipan.territory.api import compounds_within

from .. import rules
from ..models import Directive, DirectiveTarget
from .asking import check_form, check_series, close_for, open_for


class EmptyTarget(Refusal):
    """Nobody would receive the directive."""

    code = "empty_target"
    sentence = _("No unit of these kinds stands on the chosen ground; nothing was sent.")


class BasisMissing(Refusal):
    """A directive without a legal or list basis."""

    code = "basis_missing"
    sentence = _("A directive needs its basis: the law, the list or the decision that it rests on.")
    status = 400


class NumberTaken(Refusal):
    code = "number_taken"
    sentence = _("The number %(number)s is taken. A changed directive is a new version of the same number.")


class DueInThePast(Refusal):
    code = "due_in_the_past"
    sentence = _("The due time lies before the moment of sending.")
    status = 400


class DecidedInTheFuture(Refusal):
    code = "decided_in_the_future"
    sentence = _("The moment of the decision lies in the future.")
    status = 400


class AlreadyRecalled(Refusal):
    code = "already_recalled"
    sentence = _("%(number)s was recalled already.")


class AlreadyReplaced(Refusal):
    code = "already_replaced"
    sentence = _("%(number)s was replaced by a later version; act on that one.")


class NothingChanged(Refusal):
    code = "nothing_changed"
    sentence = _("The new version says the same as the one before; nothing was sent.")


@dataclass(frozen=True)
class DirectiveIssued:
    """A directive left for the desks of its recipients."""

    directive_id: int
    recipients: int
    drill: bool


@dataclass(frozen=True)
class DirectiveRecalled:
    """A directive was taken back."""

    directive_id: int
    receipts: int
    drill: bool


def cut_to_scope(grounds: Iterable[tuple[int, int]], scope: Scope) -> list[Range]:
    """This function will return the parts of ``grounds`` that lie in ``scope``, overlapping ones made one.

    Raises ``NotFound`` when one of the grounds lies wholly outside, or none is given.
    """
    parts: list[tuple[int, int]] = []
    for first, last in grounds:
        inside = scope.narrowed(Range(first, last)).ranges
        if not inside:
            raise NotFound
        parts += inside
    if not parts:
        raise NotFound
    return [Range(*pair) for pair in rules.merged(parts)]


def _require_texts(**texts: str) -> None:
    problems = [gettext("%(field)s is missing") % {"field": name} for name, text in texts.items() if not text.strip()]
    if problems:
        raise BadInput(problems)


def _guard_times(
    *,
    grounds: Sequence[Range],
    decided_at: datetime,
    due_at: datetime | None,
    named_person: str,
    at: datetime,
    drill: bool,
) -> None:
    if decided_at > at:
        raise DecidedInTheFuture
    if due_at is not None and due_at <= at:
        raise DueInThePast
    if not robs_sleep(at=at, due_at=due_at, zone=get_default_timezone()):
        return
    grave = [
        Range(posture.first, posture.last)
        for posture in postures_in_force(grounds, at=at)
        if posture.level is not None and posture.level <= rules.GRAVE_LEVEL and (drill or not posture.drill)
    ]
    if not named_person.strip() or any(ground.without(grave) for ground in grounds):
        raise ShortNoticeAtNight


def send_out(
    directive: Directive, *, organ_types: Sequence[str], grounds: Sequence[Range], by: Actor, at: datetime
) -> None:
    """This function will write the targets and put one receipt on each desk, in the caller's transaction."""
    DirectiveTarget.objects.bulk_create(
        DirectiveTarget(directive=directive, organ_type=kind, first=ground.first, last=ground.last)
        for kind in organ_types
        for ground in grounds
    )
    directive.recipients = send_tasks(
        kind=TaskKind.DIRECTIVE,
        source=directive.source,
        title=directive.title,
        asker=directive.issuer,
        organ_types=list(organ_types),
        grounds=list(grounds),
        basis=directive.basis,
        admission=directive.admission,
        due_at=directive.due_at,
        by=by,
        at=at,
        drill=directive.drill,
        named_person=directive.named_person,
        paper_places=compounds_within(grounds).filter(has_screen=False).values_list("place", flat=True),
    )
    if not directive.recipients:
        raise EmptyTarget
    directive.save(update_fields=["recipients"])
    open_for(directive, grounds, by=by, at=at)
    record(
        "command.issue_directive",
        subject=directive,
        by=by,
        at=at,
        place=directive.issuer.place,
        data={
            "number": directive.number,
            "version": directive.version,
            "organ_types": list(organ_types),
            "grounds": [[str(ground.first), str(ground.last)] for ground in grounds],
            "recipients": directive.recipients,
            "basis": directive.basis,
        }
        | ({"round": directive.round, "every": directive.every} if directive.every else {}),
        drill=directive.drill,
    )
    queue_message(
        "notice",
        key=directive.source,
        payload={
            "what": "directive.issued",
            "id": directive.pk,
            "number": directive.number,
            "version": directive.version,
            "title": directive.title,
            "recipients": directive.recipients,
        },
        at=at,
        drill=directive.drill,
    )
    publish(DirectiveIssued(directive_id=directive.pk, recipients=directive.recipients, drill=directive.drill))


@transaction.atomic
def issue_directive(
    *,
    number: str,
    title: str,
    body: str,
    basis: str,
    organ_types: Sequence[str],
    grounds: Sequence[tuple[int, int]],
    decided_at: datetime,
    due_at: datetime | None,
    admission: Admission | None = None,
    form: Form | None = None,
    every: str = "",
    repeat_until: date | None = None,
    issuer: Unit,
    named_person: str = "",
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> Directive:
    """This function will issue a directive to every unit of the kinds on the grounds, a receipt on each desk (EMG-4).

    The grounds are cut to the issuer's scope; lead time counts from ``decided_at``. With a ``form`` its receivers are
    asked to fill it in: it opens on the grounds, and so costs its demander on the burden meter what was admitted for it
    (SVC-13). ``every`` (``Rhythm``) lets the clock ask again until the day ``repeat_until``
    (``rounds.open_rounds``). Raises ``NotAllowed``,
    ``NotFound``, ``BadInput``, ``BasisMissing``, ``NumberTaken``, ``DueInThePast``, ``DecidedInTheFuture``,
    ``ShortNoticeAtNight``, ``EmptyTarget``, ``FormOfAnother``, ``FormNeedsAdmission``, ``FormNotAdmitted``, what ``check_series`` raises and, from
    the desk, ``NotAdmitted`` (ORG-10), from the forms what ``open_form`` raises.
    """
    by.require("directive.issue")
    if by.unit_id is not None and by.unit_id != issuer.pk:
        raise NotAllowed(act="directive.issue")
    cut = cut_to_scope(grounds, by.scope)
    _require_texts(number=number, title=title, body=body)
    if not organ_types:
        raise EmptyTarget
    if not basis.strip():
        raise BasisMissing
    _guard_times(grounds=cut, decided_at=decided_at, due_at=due_at, named_person=named_person, at=at, drill=drill)
    if form is not None:
        check_form(form, issuer=issuer, admission=admission)
    next_at = check_series(every=every, until=repeat_until, due_at=due_at, form=form, admission=admission, at=at)
    directive = Directive(
        number=number.strip(),
        title=title.strip(),
        body=body.strip(),
        issuer=issuer,
        admission=admission,
        form=form,
        every=every,
        repeat_until=repeat_until if every else None,
        next_at=next_at,
        basis=basis.strip(),
        decided_at=decided_at,
        issued_at=at,
        due_at=due_at,
        named_person=named_person.strip(),
        drill=drill,
    )
    try:
        with transaction.atomic():
            directive.save(force_insert=True)
    except IntegrityError:  # the constraint also settles two who issue at once
        raise NumberTaken(number=directive.number) from None
    send_out(directive, organ_types=list(dict.fromkeys(organ_types)), grounds=cut, by=by, at=at)
    return directive


def _current(directive: Directive, *, by: Actor, act: str) -> Directive:
    """This function will lock a directive that ``by`` may change: his own unit's, or as a command above it (EMG-3).

    A round of a series stands for the series.
    """
    by.require(act)
    locked = (
        Directive.objects.select_for_update(of=("self",))
        .select_related("issuer", "admission", "form")
        .get(pk=directive.series_id or directive.pk)
    )
    if locked.issuer_id != by.unit_id and locked.issuer.place not in by.scope:
        raise NotFound
    if locked.recalled_at is not None:
        raise AlreadyRecalled(number=locked.number)
    if Directive.objects.filter(supersedes=locked).exists():
        raise AlreadyReplaced(number=locked.number)
    return locked


def _take_back(directive: Directive, *, note: str, by: Actor, at: datetime) -> int:
    """This function will recall the open receipts of a directive and of every round that it asked again, and close its
    form; no further round opens. Returns how many receipts."""
    rounds = list(directive.rounds.order_by("pk"))
    receipts = recall_sources([one.source for one in (directive, *rounds)], note=note, by=by, at=at)
    close_for([directive, *rounds], by=by, at=at)
    directive.rounds.update(recalled_at=at, recalled_by=by.label, recall_reason=note)
    directive.next_at = None
    return receipts


@transaction.atomic
def revise_directive(
    directive: Directive,
    *,
    title: str,
    body: str,
    basis: str,
    decided_at: datetime,
    due_at: datetime | None,
    repeat_until: date | None = None,
    named_person: str = "",
    by: Actor,
    at: datetime,
) -> Directive:
    """This function will issue the next version to the same units; open receipts of the old one are recalled.

    The new version keeps what changed, field by field, for its recipients. Only the issuing unit may
    revise, or in its own name the heir of one that was merged; a series begins anew with its rhythm, until ``repeat_until``
    if that is given. Raises as ``issue_directive`` does, and ``AlreadyRecalled``, ``AlreadyReplaced``, ``NothingChanged``.
    """
    old = _current(directive, by=by, act="directive.issue")
    issuer = heir_of(old.issuer)
    if by.unit_id not in (None, issuer.pk):
        raise NotAllowed(act="directive.issue")
    _require_texts(title=title, body=body)
    if not basis.strip():
        raise BasisMissing
    until = (repeat_until or old.repeat_until) if old.every else None
    next_at = check_series(
        every=old.every, until=until, due_at=due_at, form=old.form, admission=old.admission, at=at, final=True
    )
    new = {
        "title": title.strip(),
        "body": body.strip(),
        "basis": basis.strip(),
        "due_at": due_at,
        "repeat_until": until,
    }
    changes = [
        [name, _plain(getattr(old, name)), _plain(value)] for name, value in new.items() if getattr(old, name) != value
    ]
    if not changes:
        raise NothingChanged
    targets = list(old.targets.order_by("pk"))
    grounds = cut_to_scope({(target.first, target.last) for target in targets}, by.scope)
    _guard_times(
        grounds=grounds, decided_at=decided_at, due_at=due_at, named_person=named_person, at=at, drill=old.drill
    )
    version = old.version + 1
    with override(settings.LANGUAGE_CODE):  # a task is a document of the city
        replaced = gettext("Replaced by version %(version)s") % {"version": version}
    _take_back(old, note=replaced, by=by, at=at)
    old.save(update_fields=["next_at"])
    directive = Directive.objects.create(
        number=old.number,
        version=version,
        **new,
        issuer=issuer,
        admission=old.admission,
        form=old.form,
        every=old.every,
        next_at=next_at,
        decided_at=decided_at,
        issued_at=at,
        named_person=named_person.strip(),
        supersedes=old,
        changes=changes,
        drill=old.drill,
    )
    kinds = list(dict.fromkeys(target.organ_type for target in targets))
    send_out(directive, organ_types=kinds, grounds=grounds, by=by, at=at)
    return directive


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value or "")


@transaction.atomic
def recall_directive(directive: Directive, *, reason: str, by: Actor, at: datetime) -> int:
    """This function will recall a directive with all of its rounds and close its open receipts; returns how many.

    A command above the issuer may recall too: the higher prevails, and the journal says so (EMG-3).
    Raises ``NotAllowed``, ``NotFound``, ``BadInput`` without a reason, ``AlreadyRecalled``, ``AlreadyReplaced``.
    """
    old = _current(directive, by=by, act="directive.recall")
    _require_texts(reason=reason)
    receipts = _take_back(old, note=reason.strip(), by=by, at=at)
    old.recalled_at, old.recalled_by, old.recall_reason = at, by.label, reason.strip()
    old.save(update_fields=["recalled_at", "recalled_by", "recall_reason", "next_at"])
    own = by.unit_id in (None, old.issuer_id, heir_of(old.issuer).pk)
    record(
        "command.recall_directive" if own else "command.overrule_directive",
        subject=old,
        by=by,
        at=at,
        place=old.issuer.place,
        data={"number": old.number, "version": old.version, "reason": old.recall_reason, "receipts": receipts},
        drill=old.drill,
    )
    publish(DirectiveRecalled(directive_id=old.pk, receipts=receipts, drill=old.drill))
    return receipts
