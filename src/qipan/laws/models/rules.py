"""Rules of the city's own organs: a draft, what the public said to it, the answers, what was adopted and until when."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language

from qipan.kernel.labels import QuickLabels
from qipan.kernel.scoped import ScopedQuerySet

from ..terms import RuleState


class Rule(QuickLabels, models.Model):
    """A rule of a unit. It is closed for comments after ``closes_on``; no state says so, the day does."""

    unit_id = models.BigIntegerField()  # who makes it, a unit of duties (ADR 0008)
    place = models.BigIntegerField()
    title = models.CharField(max_length=120)
    title_en = models.CharField(max_length=200, blank=True)
    text = models.TextField()  # of the draft; as adopted from then on
    major = models.BooleanField(default=True)  # a major decision: comments for 30 days or more
    state = models.CharField(max_length=10, choices=RuleState, default=RuleState.DRAFT)
    drafted_at = models.DateTimeField()
    opens_on = models.DateField(null=True)
    closes_on = models.DateField(null=True)  # the last day for comments
    urgency_reason = models.CharField(max_length=300, blank=True)
    adopted_at = models.DateTimeField(null=True)
    in_force_from = models.DateField(null=True)
    review_on = models.DateField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    review_note = models.CharField(max_length=500, blank=True)
    ended_on = models.DateField(null=True)
    end_reason = models.CharField(max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="laws_rule_open",
                condition=Q(state=RuleState.DRAFT) | Q(closes_on__gte=F("opens_on")) | Q(opens_on=None),
            ),
            # Nothing is in force without the day on which it is looked at again.
            models.CheckConstraint(
                name="laws_rule_review",
                condition=~Q(state=RuleState.ADOPTED) | Q(review_on__gt=F("in_force_from"), adopted_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["state", "place"], name="laws_rule_state")]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The title in the active language."""
        return self.title_en if (get_language() or "").startswith("en") and self.title_en else self.title


class RuleAnswer(models.Model):
    """What the unit answered; one answer may serve many comments."""

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="answers")
    text = models.CharField(max_length=2000)
    taken_over = models.BooleanField(default=False)  # the draft was changed by it
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.rule_id}: {self.text[:40]}"


class RuleComment(models.Model):
    """What somebody said to a draft. Who it was is not asked and not kept."""

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, db_index=False, related_name="comments")
    text = models.CharField(max_length=2000)
    at = models.DateTimeField()
    nonce = models.CharField(max_length=40, unique=True)  # a second sending is the same comment
    answer = models.ForeignKey(RuleAnswer, null=True, on_delete=models.PROTECT, related_name="comments")
    withheld = models.BooleanField(default=False)  # its words name a person and are not shown

    class Meta:
        indexes = [
            models.Index(fields=["rule", "id"], name="laws_comment_rule"),
            # Which are still to be answered?
            models.Index(fields=["rule", "id"], name="laws_comment_waiting", condition=Q(answer=None)),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id}: {self.text[:40]}"
