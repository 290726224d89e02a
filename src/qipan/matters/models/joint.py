"""Joint work: calls with who comes, ratings, hazards, review sessions with agenda and conclusions."""

from datetime import datetime

from django.db import models

from qipan.duties.api import Unit
from qipan.kernel.scoped import ScopedQuerySet

from ..rules.joint import Site
from ..terms import AgendaKind, Grade, Side, Urgency
from .loop import Category, Matter


class Call(models.Model):
    """Units called together at a place and a time: for a matter, or by the lead organisation for a session."""

    matter = models.ForeignKey(Matter, null=True, on_delete=models.PROTECT, related_name="calls")
    caller = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")
    place = models.BigIntegerField()
    what = models.CharField(max_length=300)
    meets_where = models.CharField(max_length=120)
    meets_at = models.DateTimeField()
    urgency = models.CharField(max_length=8, choices=Urgency)
    respond_by = models.DateTimeField()
    called_at = models.DateTimeField()
    by_label = models.CharField(max_length=120)
    found = models.CharField(max_length=2000, blank=True)  # what was found at the site meeting
    agreed_made = models.PositiveSmallIntegerField(default=0)
    result = models.CharField(max_length=1000, blank=True)
    ended_at = models.DateTimeField(null=True)
    drill = models.BooleanField(default=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["ended_at", "place", "id"], name="matters_call_open")]

    def __str__(self) -> str:
        return f"{self.pk}: {self.what[:40]}"


class Called(models.Model):
    """One unit of a call: its task, its answer with the name of the post that comes (never of a person), its coming."""

    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="called")
    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")
    task = models.ForeignKey("desk.Task", on_delete=models.PROTECT, related_name="+")
    post = models.CharField(max_length=60, blank=True)  # "duty officer, street lighting"
    accepted_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=500, blank=True)
    refused_at = models.DateTimeField(null=True)
    ruling = models.CharField(max_length=500, blank=True)
    excused = models.BooleanField(null=True)  # the lead organisation's word on the refusal
    came = models.BooleanField(null=True)  # the caller's word
    result = models.CharField(max_length=1000, blank=True)
    answer_by = models.DateTimeField(null=True)  # since the lead organisation ruled that it comes; else the call's
    silent_at = models.DateTimeField(null=True)  # its silence was told to the level above the caller

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "unit"], name="matters_called_once")]

    def __str__(self) -> str:
        return f"{self.call_id} at {self.unit_id}"

    @property
    def answered(self) -> bool:
        """Whether it said that it comes, or why not; after a ruling that it comes, only the former."""
        return self.accepted_at is not None or (self.refused_at is not None and self.excused is not False)

    @property
    def due_by(self) -> datetime:
        """By when it answers."""
        return self.answer_by or self.call.respond_by

    @property
    def undecided(self) -> bool:
        """Whether it refused and the lead organisation has not decided yet."""
        return self.refused_at is not None and self.excused is None


class Agreed(models.Model):
    """What a site meeting agreed on: a task with an owner and a due time, part of the joint work (MAT-4)."""

    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="agreed")
    text = models.CharField(max_length=300)
    task = models.OneToOneField("desk.Task", on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.text[:40]

    @property
    def unit(self) -> Unit:
        """Who does it."""
        return self.task.owner


class Rating(models.Model):
    """What one side says of joint work: two scales of five and one sentence. Units only, no person."""

    called = models.ForeignKey(Called, on_delete=models.CASCADE, related_name="ratings")
    side = models.CharField(max_length=6, choices=Side)
    first = models.PositiveSmallIntegerField()  # the caller: part taken; who came: needed there
    second = models.PositiveSmallIntegerField()  # the caller: result; who came: well prepared
    words = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["called", "side"], name="matters_rating_once")]

    def __str__(self) -> str:
        return f"{self.called_id} {self.side}"


class Hazard(models.Model):
    """The danger that a matter holds: graded, made safe for now, to be remedied in time, looked at again until then."""

    matter = models.OneToOneField(Matter, on_delete=models.PROTECT)
    grade = models.CharField(max_length=8, choices=Grade)
    measure = models.CharField(max_length=500)  # what keeps people safe until it is remedied
    graded_at = models.DateTimeField()
    remedy_by = models.DateTimeField()
    look = models.ForeignKey("desk.Task", null=True, on_delete=models.PROTECT, related_name="+")  # the next inspection
    looks = models.PositiveSmallIntegerField(default=0)  # how many were asked so far
    remedied_at = models.DateTimeField(null=True)  # seen by another unit and another person

    class Meta:
        indexes = [models.Index(fields=["remedy_by"], name="matters_hazard_open", condition=models.Q(remedied_at=None))]

    def __str__(self) -> str:
        return f"{self.matter_id} {self.grade}"

    @property
    def holds_up(self) -> Matter:
        """The matter that waits for it: its own, or the one where the joining of its own ends."""
        return self.matter.root or self.matter


class ReviewSession(models.Model):
    """The lead organisation's weekly look at what keeps coming back, with its agenda, call and minutes."""

    week = models.DateField(unique=True)  # its Monday
    call = models.OneToOneField(Call, null=True, on_delete=models.PROTECT, related_name="session")
    prepared_at = models.DateTimeField()
    minutes = models.TextField(max_length=4000, blank=True)
    ended_at = models.DateTimeField(null=True)
    by_label = models.CharField(max_length=120)
    conclusions_made = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.week:%F}"


class AgendaItem(models.Model):
    """One point of an agenda as it stood when it was prepared, with the matters behind it."""

    session = models.ForeignKey(ReviewSession, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=8, choices=AgendaKind)
    place = models.BigIntegerField(null=True)
    cell = models.BigIntegerField(default=0)  # of a hot spot outside of any compound
    category = models.ForeignKey(Category, null=True, on_delete=models.PROTECT)
    n = models.PositiveIntegerField()
    facts = models.JSONField(default=dict)
    matters = models.ManyToManyField(Matter, related_name="+")

    def __str__(self) -> str:
        return f"{self.session_id} {self.kind}"

    @property
    def site(self) -> Site | None:
        """Where a hot spot is; None for what is about no place."""
        return None if self.place is None else Site(self.place, self.cell)


class Conclusion(models.Model):
    """What a session concluded: a task with an owner and a due time (ORG-13)."""

    session = models.ForeignKey(ReviewSession, on_delete=models.PROTECT, related_name="conclusions")
    item = models.ForeignKey(AgendaItem, null=True, on_delete=models.PROTECT, related_name="conclusions")
    text = models.CharField(max_length=300)
    task = models.OneToOneField("desk.Task", on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.text[:40]
