"""What is learned: figures of an emergency per day, its review, lessons, and weaknesses that are open."""

from django.db import models
from django.db.models import QuerySet

from qipan.kernel.scoped import ScopedQuerySet

from .terms import FiveTest, LessonState, WeaknessSource


class DayFigure(models.Model):
    """The figures of an emergency on a local calendar day, as they stood when they were last kept on it (EMG-16).

    Sums over the declared ground; what nobody counts is null and never 0.
    """

    declaration = models.ForeignKey("posture.Declaration", on_delete=models.PROTECT, related_name="days")
    day = models.DateField()
    at = models.DateTimeField()  # the moment of these figures
    measures = models.PositiveIntegerField()  # in force under the declaration
    seen_to = models.BigIntegerField(
        default=0
    )  # key of the newest measure then: one ordered later, backdated, is not in it
    high = models.PositiveIntegerField()  # areas with this risk level
    medium = models.PositiveIntegerField()
    low = models.PositiveIntegerField()
    doors = models.PositiveIntegerField(null=True)  # of the newest round of its screening
    reached = models.PositiveIntegerField(null=True)
    open_tasks = models.PositiveIntegerField()  # on desks on its ground
    late_tasks = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["declaration", "day"], name="learning_day_once")]

    def __str__(self) -> str:
        return f"{self.declaration_id} {self.day}"


class Review(models.Model):
    """The after-action review of an emergency that ended: report, five tests, improvement tasks (EMG-17, PRI-4)."""

    declaration = models.OneToOneField("posture.Declaration", on_delete=models.PROTECT, related_name="review")
    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)  # the lead body
    task = models.ForeignKey("desk.Task", null=True, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    planned = models.TextField(blank=True)
    happened = models.TextField(blank=True)
    why = models.TextField(blank=True)
    change = models.TextField(blank=True)
    written_at = models.DateTimeField(null=True)
    written_by = models.CharField(max_length=120, blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=120, blank=True)
    drill = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"review {self.declaration_id}"

    @property
    def improvements(self) -> "QuerySet[Weakness]":
        """Its improvement tasks, whoever mends them."""
        rows = Weakness.objects.everywhere("a review's own tasks").filter(review=self)
        return rows.select_related("owner").order_by("pk")


class TestAnswer(models.Model):
    """The answer to one of the five tests, with its evidence and the figures that stood beside it when it was given."""

    __test__ = False  # no test of pytest's

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="answers")
    test = models.CharField(max_length=11, choices=FiveTest)
    met = models.BooleanField()
    evidence = models.CharField(max_length=1000)
    figures = models.JSONField(default=dict)  # name to number, as rules.figures_of counted them
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["review", "test"], name="learning_test_once")]

    def __str__(self) -> str:
        return f"{self.review_id} {self.test}"


class Lesson(models.Model):
    """What a unit learned and would have the playbook say; accepted, it is part of its next version (EMG-18)."""

    title = models.CharField(max_length=120)
    text = models.TextField()
    playbook = models.SlugField(max_length=40)  # code of the playbook that it is to change
    declaration = models.ForeignKey("posture.Declaration", null=True, on_delete=models.PROTECT, related_name="lessons")
    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")
    place = models.BigIntegerField()
    task = models.ForeignKey(
        "desk.Task", null=True, on_delete=models.PROTECT, related_name="+"
    )  # to decide, to publish
    state = models.CharField(max_length=8, choices=LessonState, default=LessonState.PROPOSED)
    proposed_at = models.DateTimeField()
    proposed_by = models.CharField(max_length=120)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    version = models.ForeignKey("command.Playbook", null=True, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(null=True)
    drill = models.BooleanField(default=False)  # learned in a drill; the lesson itself is real

    objects = ScopedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "place"], name="learning_lesson_state")]

    def __str__(self) -> str:
        return self.title

    @property
    def number(self) -> str:
        """How a playbook cites it."""
        return f"L-{self.pk}"


class Weakness(models.Model):
    """Something that is weak and whose owner mends it until a day: from a review, from a drill, or by hand (FOR-10).

    The improvement tasks of a review are these rows: one list, one owner, one task on the owner's desk.
    """

    title = models.CharField(max_length=160)
    text = models.TextField(blank=True)
    source = models.CharField(max_length=6, choices=WeaknessSource)
    review = models.ForeignKey(Review, null=True, on_delete=models.PROTECT, related_name="weaknesses")
    activation = models.ForeignKey("command.Activation", null=True, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")
    noted_by = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")
    place = models.BigIntegerField()  # where it is weak
    task = models.ForeignKey("desk.Task", null=True, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    by_label = models.CharField(max_length=120)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=120, blank=True)
    done = models.CharField(max_length=500, blank=True)  # what was done about it

    objects = ScopedQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["due_at", "place"], name="learning_weakness_open", condition=models.Q(closed_at=None))
        ]

    def __str__(self) -> str:
        return self.title


class Provision(models.Model):
    """What a community holds for an emergency, as it said it on a day, whole: a short list, and two counts (EMG-14).

    A change is the next version; the day of the last confirmation moves with each look. Households are counted: no
    name, no address and no row of one is kept anywhere.
    """

    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")
    place = models.BigIntegerField()
    households = models.PositiveIntegerField(null=True)  # that cannot help themselves; null: not said
    with_helper = models.PositiveIntegerField(null=True)  # of them
    said_at = models.DateTimeField()
    said_by = models.CharField(max_length=120)
    confirmed_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=120)
    replaced_at = models.DateTimeField(null=True)
    example = models.BooleanField(default=False)  # of the demo; a community puts its own in its place
    # A community that was merged into this one, and whose figures are in these until somebody says new ones.
    carried_from = models.ForeignKey(
        "duties.Unit", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit"], name="learning_provision_standing", condition=models.Q(replaced_at=None)
            ),
            models.CheckConstraint(
                name="learning_provision_counts",
                condition=models.Q(households=None, with_helper=None)
                | models.Q(
                    households__isnull=False, with_helper__isnull=False, households__gte=models.F("with_helper")
                ),
            ),
        ]
        indexes = [
            # What do the communities of this ground hold?
            models.Index(fields=["place"], name="learning_provision_place", condition=models.Q(replaced_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.said_at:%F}"


class ProvisionItem(models.Model):
    """One thing that a community stores; whole numbers of its unit of measure."""

    provision = models.ForeignKey(Provision, on_delete=models.CASCADE, related_name="items")
    name = models.CharField(max_length=40)
    measure = models.CharField(max_length=12)
    amount = models.PositiveIntegerField()  # on hand
    per_day = models.PositiveIntegerField()  # used in a day while the community is cut off

    class Meta:
        constraints = [
            models.CheckConstraint(name="learning_provision_use", condition=models.Q(per_day__gte=1)),
        ]

    def __str__(self) -> str:
        return self.name
