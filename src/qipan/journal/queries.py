"""Reading the journal, and verifying it: the audits, each entry's digest, the chain."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet

from .models import Entry
from .rules import FIRST_HASH, canonical, digest_of_text, link, text_of

Audit = Callable[[], list[str]]
_audits: dict[str, Audit] = {}


def register_audit(name: str, audit: Audit) -> None:
    """This function will have ``audit`` run at each verification; it returns the differences that it finds.

    A room that keeps sums registers here, in ``apps.ready``, how they are counted again from the rows.
    """
    _audits[name] = audit


def entries_of(act: str, *, subjects: Sequence[str] | None = None) -> Iterator[Entry]:
    """This function will return the entries of an act, oldest first, without holding them in memory; those of some
    subjects alone by their index.
    """
    rows = Entry.objects.filter(act=act)
    rows = rows if subjects is None else rows.filter(subject__in=subjects)
    return rows.order_by("pk").iterator(chunk_size=2000)


def entries_about(subjects: Sequence[str]) -> QuerySet[Entry]:
    """This function will return what was done to some subjects, the newest first."""
    return Entry.objects.filter(subject__in=subjects).order_by("-pk")


def last_recorded() -> datetime | None:
    """This function will return the moment of the newest entry, None when there is none: a replay's days are its own."""
    return Entry.objects.order_by("-pk").values_list("at", flat=True).first()


def entry_digest(entry: Entry) -> str:
    """This function will return the digest that ``entry`` must have: over all it says, not over its chain."""
    return digest_of_text(
        text_of(
            [entry.by_label, entry.by_account, entry.by_post, entry.by_pass],
            act=entry.act,
            subject=entry.subject,
            at=entry.at,
            place=entry.place,
            data=canonical(entry.data),
            drill=entry.drill,
        )
    )


@dataclass(frozen=True)
class Checksum:
    """The end of the chain: whoever has seen it notices any later change before it (users.md, red line 17)."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq} {self.hash}"


def checksum() -> Checksum:
    """This function will return the number and hash of the last sealed entry; (0, zeros) when none is."""
    last = Entry.objects.exclude(seq=None).order_by("-seq").first()
    return Checksum(0, FIRST_HASH) if last is None or last.seq is None else Checksum(last.seq, last.hash)


@dataclass
class Verdict:
    """What a verification found."""

    sealed: int = 0
    unsealed: int = 0
    audits: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    checksum: Checksum = field(default_factory=lambda: Checksum(0, FIRST_HASH))


def walk_chain(verdict: Verdict, *, expected: Checksum | None = None) -> None:
    """This function will take every digest and hash again, in the order of the chain, up to the first difference.

    A published checksum that is given must be met on the way.
    """
    previous, met = FIRST_HASH, expected is None or expected.seq == 0
    chain = Entry.objects.exclude(seq=None).order_by("seq").iterator(chunk_size=2000)
    for number, entry in enumerate(chain, 1):
        if entry.seq != number:
            verdict.differences.append(f"the chain lacks entry {number}: the next one is {entry.seq}")
            return
        if entry_digest(entry) != entry.digest:
            verdict.differences.append(f"entry {entry.seq} ({entry.act} {entry.subject}) is not what was recorded")
            return
        previous = link(previous, entry.digest)
        if entry.hash != previous:
            verdict.differences.append(f"entry {entry.seq} does not follow from the one before it")
            return
        if expected is not None and entry.seq == expected.seq:
            met = True
            if entry.hash != expected.hash:
                verdict.differences.append(f"entry {entry.seq} has another hash than the published checksum")
                return
        verdict.sealed = number
    if not met:
        verdict.differences.append("the chain ends before the published checksum")
    last = checksum()
    verdict.checksum = last


def check_unsealed(verdict: Verdict) -> None:
    """This function will take the digests of the entries again that are not sealed yet."""
    for entry in Entry.objects.filter(seq=None).order_by("pk").iterator(chunk_size=2000):
        verdict.unsealed += 1
        if entry_digest(entry) != entry.digest:
            verdict.differences.append(f"unsealed entry {entry.pk} ({entry.act}) is not what was recorded")
            return


def verify(*, expected: Checksum | None = None) -> Verdict:
    """This function will run every registered audit and walk the chain; it changes nothing."""
    verdict = Verdict()
    for name, audit in _audits.items():
        verdict.audits.append(name)
        verdict.differences += [f"{name}: {difference}" for difference in audit()]
    walk_chain(verdict, expected=expected)
    check_unsealed(verdict)
    return verdict
