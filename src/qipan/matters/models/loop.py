"""The catalogue, matters with who reported them and who handles them, every step, and the counts kept of steps."""

from datetime import datetime

from django.db import models
from django.utils.timezone import localtime
from django.utils.translation import get_language

from qipan.kernel.labels import QuickLabels
from qipan.kernel.scoped import ScopedQuerySet
from qipan.kernel.sealed import SealedField

from ..rules import joint, limits, sampling
from ..rules.points import Point, for_everyone
from ..terms import (
    Channel,
    Closing,
    Confirmation,
    Kind,
    Outcome,
    Part,
    State,
    StepKind,
    TimeWish,
    Way,
)


def _english() -> bool:
    return (get_language() or "").startswith("en")


class Category(models.Model):
    """A sub-category of the catalogue, by date (GB/T 30428 kind): 2 digits of the class and 3 of its own.

    ``item_code`` is the item of the responsibility lists that says which unit handles it. Limits are
    written as the catalogue writes them: "2h" clock hours, "4wh" working hours, "3wd" working days.
    """

    code = models.CharField(max_length=5)
    kind = models.CharField(max_length=10, choices=Kind)
    group = models.CharField(max_length=60)
    group_en = models.CharField(max_length=80)
    name = models.CharField(max_length=60)
    name_en = models.CharField(max_length=80)
    item_code = models.CharField(max_length=40)
    filing = models.CharField(max_length=200)  # what must be so to be filed
    filing_en = models.CharField(max_length=200)
    closing = models.CharField(max_length=200)  # what must be so to be closed
    closing_en = models.CharField(max_length=200)
    limit_file = models.CharField(max_length=6)
    limit_accept = models.CharField(max_length=6)
    limit_object = models.CharField(max_length=6, default=limits.OBJECT)
    limit_handle = models.CharField(max_length=6)
    limit_verify = models.CharField(max_length=6)
    example = models.BooleanField(default=False)  # of the seed list; a city puts its own in its place
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code"], name="matters_category_current", condition=models.Q(valid_to=None))
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the active language."""
        return self.name_en if _english() and self.name_en else self.name

    @property
    def group_label(self) -> str:
        """The class's name in the active language."""
        return self.group_en if _english() and self.group_en else self.group

    @property
    def filing_label(self) -> str:
        """The filing condition in the active language."""
        return self.filing_en if _english() and self.filing_en else self.filing

    @property
    def closing_label(self) -> str:
        """The closing condition in the active language."""
        return self.closing_en if _english() and self.closing_en else self.closing


class Matter(QuickLabels, models.Model):
    """One thing at one place that should be otherwise. It holds nothing about who reported it."""

    place = models.BigIntegerField()
    # Where exactly the thing is, never a person: degrees in WGS 84 (CGCS2000 alike), 5 decimals; both or none.
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)
    # The cell of the map around the point, where no compound says the place: what keeps coming back is counted by it.
    cell = models.BigIntegerField(default=0)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, db_index=False)
    channel = models.CharField(max_length=10, choices=Channel)
    private = models.BooleanField(default=False)  # wished so by who reported it: not on the public list
    state = models.CharField(max_length=10, choices=State, default=State.REPORTED)
    handler = models.ForeignKey("duties.Unit", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    first_receiver = models.ForeignKey(
        "duties.Unit", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    hops = models.PositiveSmallIntegerField(default=0)
    ruled = models.ForeignKey(
        "duties.Unit", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )  # final
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged", db_index=False)
    # Where the joining ends: what it was joined to may be joined to another itself. Its reports follow that one.
    root = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="followers", db_index=False)
    closing = models.CharField(max_length=10, choices=Closing, blank=True)
    confirmation = models.CharField(max_length=12, choices=Confirmation, blank=True)
    way = models.CharField(max_length=10, choices=Way, blank=True)
    tasks = models.PositiveSmallIntegerField(default=0)  # how many tasks were asked so far
    waiting = models.ForeignKey("desk.Task", null=True, on_delete=models.PROTECT, related_name="+")
    reported_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    verifier = models.ForeignKey("duties.Unit", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    verified_by = models.BigIntegerField(null=True)  # account, only so that somebody else looks again
    review_at = models.DateTimeField(null=True)  # while shelved
    review_called = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    drill = models.BooleanField(default=False)

    parts: "list[Handling] | None" = None  # as the act that locked it read them

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(longitude=None, latitude=None)
                | models.Q(
                    longitude__range=(-180, 180),
                    latitude__range=(-90, 90),
                    longitude__isnull=False,  # what is compared with nothing is not false to a database
                    latitude__isnull=False,
                ),
                name="matters_whole_point",
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into=None, root=None)
                | models.Q(merged_into__isnull=False, root__isnull=False),
                name="matters_joined_whole",
            ),
        ]
        indexes = [
            # The same thing a few steps away: a strip of latitude, its ends looked at in the index.
            models.Index(
                fields=["category", "latitude", "longitude"],
                name="matters_around",
                condition=models.Q(latitude__isnull=False),
            ),
            # The inbox: what stands where, newest first.
            models.Index(fields=["state", "place", "id"], name="matters_inbox"),
            # Was this reported already, near here, lately?
            models.Index(fields=["category", "place", "reported_at"], name="matters_alike"),
            models.Index(fields=["handler", "state"], name="matters_handler"),
            # The newest of a category, of a unit.
            models.Index(fields=["category", "id"], name="matters_category_newest"),
            models.Index(fields=["handler", "id"], name="matters_handler_newest"),
            models.Index(fields=["place", "reported_at"], name="matters_spot"),
            # Which places keep coming back?
            models.Index(fields=["reported_at", "place"], name="matters_lately", condition=models.Q(drill=False)),
            # What is public, by the day it was asked and by its last change: whoever keeps a copy elsewhere asks so.
            # With key, place, state and category, so that pages far behind are passed over in the index alone.
            models.Index(
                fields=["reported_at", "id", "place", "state", "category"],
                name="matters_asked",
                condition=models.Q(private=False, drill=False),
            ),
            models.Index(
                fields=["changed_at", "id", "place", "state", "category"],
                name="matters_changed",
                condition=models.Q(private=False, drill=False),
            ),
            # What follows it? Few are joined: an index of all would be one of empty values, and SQLite would read it.
            models.Index(fields=["root"], name="matters_following", condition=models.Q(root__isnull=False)),
            # For the database alone, which looks here before a matter is deleted.
            models.Index(fields=["merged_into"], name="matters_joined", condition=models.Q(merged_into__isnull=False)),
            models.Index(fields=["review_at"], name="matters_review", condition=models.Q(state=State.SHELVED)),
            models.Index(fields=["verified_at"], name="matters_unanswered", condition=models.Q(state=State.VERIFIED)),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """What people call it: the city's year and a running number."""
        return f"{localtime(self.reported_at):%Y}-{self.pk or 0:06d}"

    @property
    def point(self) -> Point | None:
        """Where exactly it is; None where nobody said so on a map."""
        return None if self.longitude is None or self.latitude is None else Point(self.longitude, self.latitude)

    @property
    def site(self) -> joint.Site | None:
        """The place at which it may come back; None where nothing nearer than a street is known."""
        return joint.site_of(self.place, self.cell)

    @property
    def public_point(self) -> Point | None:
        """Where it is, to about 100 m, as everyone may see it; None where nobody said so, or whoever reported it first, whose
        point it is, wished it private: what was joined to it makes it public, and that point not.
        """
        if self.point is None or self.private:
            return None
        first = min(self.reports.all(), key=lambda one: one.pk, default=None)
        return None if first is not None and first.private else for_everyone(self.point)

    @property
    def ending_known(self) -> bool:
        """Whether the closing kind may be shown: what a handler only reports is nothing that has come about."""
        return bool(self.closing) and self.state in (State.VERIFIED, State.CLOSED, State.DECLINED)

    @property
    def watched_until(self) -> datetime | None:
        """Until when the same thing here counts against who closed this; None where nothing claims to be solved, or the
        place is none that something could come back to.
        """
        claims = self.state == State.CLOSED and sampling.counts(closing=self.closing, confirmation=self.confirmation)
        claims = claims and self.site is not None
        return sampling.watched_until(self.ended_at) if claims and self.ended_at is not None else None

    @property
    def matter_code(self) -> str:
        """The 16 digits of GB/T 30428 kind: 6 of the division, 5 of the category, 5 running."""
        return f"{self.place:019d}"[:6] + self.category.code + f"{(self.pk or 0) % 100_000:05d}"


class Report(models.Model):
    """What one reporter said; the track code is only kept as a keyed hash."""

    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="reports")
    text = models.CharField(max_length=2000)
    spot = models.CharField(max_length=120, blank=True)  # "behind building 3", in the reporter's words
    channel = models.CharField(max_length=10, choices=Channel)
    private = models.BooleanField(default=False)
    code_hash = models.CharField(max_length=64)
    nonce = models.CharField(max_length=64)  # the same form sent twice is one report
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)
    confirmed = models.BooleanField(null=True)  # the reporter's own word at the end
    satisfied = models.BooleanField(null=True)
    said_at = models.DateTimeField(null=True)

    class Meta:
        # By name, and not by the field: PostgreSQL would keep two more indexes, for parts of hashes.
        constraints = [
            models.UniqueConstraint(fields=["code_hash"], name="matters_report_code_once"),
            models.UniqueConstraint(fields=["nonce"], name="matters_report_nonce_once"),
        ]

    def __str__(self) -> str:
        return f"{self.matter_id}, {self.at:%F}"


class Contact(models.Model):
    """How to reach one reporter: apart from the matter, for one purpose, with the day it is erased."""

    report = models.OneToOneField(Report, on_delete=models.CASCADE)
    reach = SealedField()  # at most 120 characters, sealed
    purpose = models.CharField(max_length=120)
    erase_at = models.DateTimeField()  # at the latest; earlier when the matter has ended

    class Meta:
        indexes = [models.Index(fields=["erase_at"], name="matters_contact_erase")]

    def __str__(self) -> str:
        return f"{self.report_id}"


class ContactLook(models.Model):
    """Who looked at a contact, when and why; the reporter reads it on the tracking page."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="looks")
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)
    why = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.report_id} {self.at:%F}"


class Photo(models.Model):
    """A picture of the place, written anew without anything but its points."""

    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="pictures")
    report = models.ForeignKey(Report, null=True, on_delete=models.PROTECT)  # None: of what was done
    jpeg = models.BinaryField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.matter_id}, {self.width} x {self.height}"


class Handling(models.Model):
    """The part of one unit in a matter, with its task, its time and its result."""

    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="handlings")
    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=11, choices=Part)
    task = models.ForeignKey("desk.Task", on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.OPEN)
    why = models.CharField(max_length=300)  # the basis, in words
    asked_at = models.DateTimeField()
    accept_by = models.DateTimeField(null=True)
    remind_at = models.DateTimeField(null=True)  # of accepting it: until that is done, or the time is over
    object_by = models.DateTimeField(
        null=True
    )  # of a primary part, since the unit was named; None before this was kept
    responded_at = models.DateTimeField(null=True)
    silent_at = models.DateTimeField(null=True)  # that it did not accept in time was told to the level above it
    objection = models.CharField(max_length=500, blank=True)
    objected_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=1000, blank=True)
    done_by = models.BigIntegerField(null=True)  # account, only so that somebody else verifies
    wish = models.CharField(max_length=6, choices=TimeWish, blank=True)  # time asked for, until it is decided
    wish_until = models.DateTimeField(null=True)
    wish_reason = models.CharField(max_length=300, blank=True)
    wish_by = models.BigIntegerField(null=True)  # account, only so that somebody else grants it
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["matter", "unit"], name="matters_part_once", condition=models.Q(ended_at=None)
            )
        ]
        indexes = [
            # Who has not answered in time?
            models.Index(
                fields=["unit", "accept_by"],
                name="matters_unresponded",
                condition=models.Q(responded_at=None),
            ),
            # Of whom was the level above not told yet that it has not accepted?
            models.Index(
                fields=["accept_by"],
                name="matters_unaccepted",
                condition=models.Q(responded_at=None, silent_at=None, ended_at=None),
            ),
            # Who is to be reminded of accepting?
            models.Index(
                fields=["remind_at"],
                name="matters_to_remind",
                condition=models.Q(remind_at__isnull=False, responded_at=None, ended_at=None),
            ),
            # Which kinds of matters go from organ to organ?
            models.Index(fields=["asked_at"], name="matters_handled", condition=models.Q(part=Part.PRIMARY)),
        ]

    def __str__(self) -> str:
        return f"{self.matter_id} at {self.unit_id}"

    @property
    def objects_until(self) -> datetime:
        """Until when this unit, where it is the handler, may object to the matter."""
        return self.object_by or limits.due(self.matter.category.limit_object, self.asked_at)


class MatterStep(QuickLabels, models.Model):
    """One step with its actor and time: the history has no gap without an actor (ORG-15)."""

    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=13, choices=StepKind)
    detail = models.CharField(max_length=30, blank=True)  # "SOLVED:CONFIRMED", "LATE"
    unit = models.ForeignKey("duties.Unit", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    by_label = models.CharField(max_length=120)
    note = models.CharField(max_length=1000, blank=True)
    report = models.BigIntegerField(null=True)  # whose words the note is, where a reporter took the step

    class Meta:
        indexes = [
            # What came back lately?
            models.Index(fields=["at"], name="matters_recurred", condition=models.Q(kind=StepKind.RECURRED)),
            # What did this reporter say later?
            models.Index(fields=["report"], name="matters_said_later", condition=models.Q(report__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.matter_id} {self.kind}"
