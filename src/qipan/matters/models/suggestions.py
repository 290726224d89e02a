"""What was learned from closed matters, the switch, and how often a proposal was taken: no person in any of it."""

from django.db import models

from ..terms import Suggested, Word


class Learned(models.Model):
    """One training for one target: how good it was, and the newest one's weights (as ``pack`` wrote), never a pickle.

    Without weights nothing could be learned, or a newer one took its place.
    """

    target = models.CharField(max_length=9, choices=Suggested)
    weights = models.BinaryField()
    digest = models.CharField(max_length=64, blank=True)
    cases = models.PositiveIntegerField()  # closed matters that it learned from, or pairs that people decided on
    since = models.DateTimeField(null=True)  # when the first and the last of them were reported
    until = models.DateTimeField(null=True)
    kept_out = models.PositiveIntegerField()  # texts left out, because they may lead to a person
    asked = models.PositiveIntegerField()  # of these, the latest: held back and asked for
    # Right by a plain table of the most frequent answer; of pairs, by likeness of words alone.
    majority = models.PositiveIntegerField()
    first = models.PositiveIntegerField()  # right by the first proposal
    among_three = models.PositiveIntegerField()
    # Of pairs held back: how many people had joined; how many were called the same, and of these joined by people: by
    # what was learned, and by likeness of words alone.
    joined = models.PositiveIntegerField(default=0)
    proposed = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    likely = models.PositiveIntegerField(default=0)
    likely_found = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["target", "id"], name="matters_learned_newest")]

    def __str__(self) -> str:
        return f"{self.target}, {self.at:%F}"

    @property
    def better(self) -> bool:
        """Whether it says more than a plain table would."""
        return self.first > self.majority


class SuggestionSwitch(models.Model):
    """Suggestions were put on or off, with the reason; the newest row holds. The journal knows who."""

    on = models.BooleanField()
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.on}, {self.at:%F}"


class SuggestionTally(models.Model):
    """How many proposals were taken, and how many decided otherwise, by month and kind.

    Of the whole city and nothing smaller: in a street's office one person decides, and how often that person
    follows a proposal is nobody's business.
    """

    month = models.DateField()  # its first day, civil time
    kind = models.CharField(max_length=9, choices=Suggested)
    word = models.CharField(max_length=10, choices=Word)
    n = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["month", "kind", "word"], name="matters_suggestion_tally_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.word} {self.n}"
