"""The register of the legal basis: laws, their articles by date, what cites them, and the kept counts of it."""

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import get_language

from qipan.kernel.labels import QuickLabels
from qipan.kernel.scoped import ScopedQuerySet

from ..terms import RANKS, Ending, LawKind, Use


def _label(name: str, name_en: str) -> str:
    return name_en if (get_language() or "").startswith("en") and name_en else name


class Law(QuickLabels, models.Model):
    """A law as it was published: a revised law is a new one, with a code of its own ("erl-2024")."""

    code = models.SlugField(max_length=40, unique=True)
    kind = models.CharField(max_length=10, choices=LawKind)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=200)
    link = models.URLField(max_length=300)

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the active language."""
        return _label(self.name, self.name_en)


class Article(QuickLabels, models.Model):
    """One article of a law, one row for each version by date: ``valid_from`` until before ``valid_to``.

    Rows are ended, never changed. ``successor`` is the version, of this or of another article, that stands in its
    place. The text of the law is not kept: it stands behind the link, and the summary is our own.
    """

    code = models.SlugField(max_length=60)  # "erl-2024-72"
    law = models.ForeignKey(Law, on_delete=models.PROTECT, related_name="articles")
    number = models.CharField(max_length=20)  # "72"
    link = models.URLField(max_length=300, blank=True)  # of the article, where it has one of its own
    summary = models.CharField(max_length=300)
    summary_en = models.CharField(max_length=500)
    minimum_rank = models.PositiveSmallIntegerField(null=True)  # of the organ that may act on it; None: it names none
    uses = models.JSONField(default=list)  # of ``Use``, in its order
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    ending = models.CharField(max_length=10, choices=Ending, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)
    successor = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="predecessors")

    class Meta:
        constraints = [
            # One version at a time.
            models.UniqueConstraint(fields=["code"], name="laws_article_current", condition=Q(valid_to=None)),
            models.CheckConstraint(
                name="laws_article_ended",
                condition=Q(valid_to=None, ending="") | (~Q(ending="") & Q(valid_to__gte=F("valid_from"))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.valid_from})"

    @property
    def label(self) -> str:
        """The law and the number of the article in the active language; reads ``self.law``."""
        if (get_language() or "").startswith("en"):
            return f"{self.law.label}, art. {self.number}"
        return f"《{self.law.label}》第{self.number}条"

    @property
    def summary_label(self) -> str:
        """Our own summary in the active language."""
        return _label(self.summary, self.summary_en)

    @property
    def rank_label(self) -> str | Promise:
        """The lowest rank of the organs that may act on it; empty where it names none."""
        return RANKS.get(self.minimum_rank or 0, "")

    @property
    def use_labels(self) -> list[str]:
        """What it may carry, in words."""
        return [str(Use(use).label) for use in self.uses]

    def in_force(self, on: date) -> bool:
        """This method will say whether this version is in force on a day."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


class Citation(models.Model):
    """Something rests on a version of an article. ``subject`` names it as the journal does ("posture.Measure:3").

    Rows are ended when the subject is, never changed. A flag is no state of the row: whether its article was
    repealed stands at the article, so a million of them need no writing.
    """

    subject = models.CharField(max_length=80)
    use = models.CharField(max_length=12, choices=Use)
    article = models.ForeignKey(Article, on_delete=models.PROTECT, db_index=False, related_name="citations")
    unit_id = models.BigIntegerField()  # the owner, a unit of duties (ADR 0008)
    place = models.BigIntegerField()
    cited_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)  # foreseen: the subject holds until then, and cites
    ended_at = models.DateTimeField(null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            # What does this rest on? And no article twice.
            models.UniqueConstraint(
                fields=["subject", "article"], name="laws_citation_current", condition=Q(ended_at=None)
            )
        ]
        indexes = [
            # What rests on this article, by kind, place by place, of one unit or of all, in pages?
            models.Index(
                fields=["article", "use", "unit_id", "place", "id"],
                name="laws_citation_of_unit",
                condition=Q(ended_at=None),
            ),
            models.Index(fields=["article", "use", "place", "id"], name="laws_citation_on", condition=Q(ended_at=None)),
            # What did this rest on, also when it is over? Order cards ask it, for everyone.
            models.Index(fields=["subject"], name="laws_citation_subject"),
            # What ends by now as was foreseen? Few rows at any time.
            models.Index(
                fields=["ends_at"], name="laws_citation_due", condition=Q(ended_at=None, ends_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} -> {self.article_id}"


class CitationCount(models.Model):
    """How many things of a unit rest on a version of an article, by kind: kept, never counted live."""

    article = models.ForeignKey(Article, on_delete=models.PROTECT, db_index=False, related_name="counts")
    use = models.CharField(max_length=12, choices=Use)
    unit_id = models.BigIntegerField()
    place = models.BigIntegerField()
    n = models.IntegerField(default=0)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["article", "use", "unit_id", "place"], name="laws_citation_count"),
        ]

    def __str__(self) -> str:
        return f"{self.article_id} {self.use} {self.unit_id}: {self.n}"
