"""Campaigns, rounds, visits, and the kept counts of coverage."""

from django.db import models

from qipan.kernel.scoped import ScopedQuerySet

from .terms import Came, DoorState, Outcome, Verdict


class Campaign(models.Model):
    """A screening of doors over a ground, in rounds (SCR-1)."""

    title = models.CharField(max_length=120)
    basis = models.CharField(max_length=300)
    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)  # who runs it
    form = models.ForeignKey("forms.Form", null=True, on_delete=models.PROTECT)
    # The emergency for which it collects: its end starts the clock of destruction.
    declaration = models.ForeignKey("posture.Declaration", null=True, on_delete=models.PROTECT)
    # What its rounds rest on where no declaration covers them (SVC-9).
    admission = models.ForeignKey("desk.Admission", null=True, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    drill = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.title


class Round(models.Model):
    """One pass over the register; the register is fixed when the round opens (``Coverage.doors``)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    minutes_per_visit = models.PositiveSmallIntegerField(null=True)  # null: opened before rounds were on the meter

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "number"], name="screening_round_number")]

    def __str__(self) -> str:
        return f"{self.campaign} {self.number}"


class Assignment(models.Model):
    """The doors [first, last] of a round are this team's to visit."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE)
    team = models.ForeignKey("deployment.Team", on_delete=models.PROTECT)
    first = models.BigIntegerField()
    last = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["team", "round"], name="screening_assignment_team")]

    def __str__(self) -> str:
        return f"{self.team_id}: {self.first}-{self.last}"


class Visit(models.Model):
    """One visit to one door; the id is made by the device, so a resend is harmless."""

    id = models.UUIDField(primary_key=True)
    # The storing statement has just joined the round and the team's assignment and neither is ever deleted,
    # so the database need not look both up again for each row.
    round = models.ForeignKey(Round, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    place = models.BigIntegerField()  # the door
    team = models.ForeignKey(  # null: sent by a post that needs no team
        "deployment.Team", null=True, on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    outcome = models.PositiveSmallIntegerField(choices=Outcome)
    happened_at = models.DateTimeField()  # as the device says, its clock's error taken out
    received_at = models.DateTimeField()
    batch = models.UUIDField()  # the upload; its journal entry holds the digest
    content = models.BigIntegerField()  # 64 bits of the content's hash: same id, other content is a conflict

    objects = ScopedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["round", "place"], name="screening_visit_door")]

    def __str__(self) -> str:
        return str(self.id)


class VisitConflict(models.Model):
    """Another content under an id that is taken: kept for a person to decide, never counted."""

    visit_id = models.UUIDField()
    content = models.BigIntegerField()
    place = models.BigIntegerField()
    team = models.ForeignKey("deployment.Team", null=True, on_delete=models.PROTECT)
    payload = models.JSONField()  # round, outcome, happened_us, shift_us: the visit that came second
    replaced = models.JSONField(null=True)  # the visit that stood before, when the decision was to replace it
    received_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)
    decision = models.CharField(max_length=10, blank=True)  # KEPT, REPLACED

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["visit_id", "content"], name="screening_conflict_once")]

    def __str__(self) -> str:
        return str(self.visit_id)


class LateVisit(models.Model):
    """A visit that arrived when its round was closed: kept with its door and shown, never counted (ADR 27).

    Another content under the same id is one more row: nothing is counted, so nothing has to be decided.
    """

    visit_id = models.UUIDField()  # as the device made it
    content = models.BigIntegerField()
    round = models.ForeignKey(Round, on_delete=models.PROTECT, db_index=False)
    place = models.BigIntegerField()
    team = models.ForeignKey("deployment.Team", null=True, on_delete=models.PROTECT, db_index=False)
    outcome = models.PositiveSmallIntegerField(choices=Outcome)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    batch = models.UUIDField()  # the upload; its journal entry holds the digest

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["visit_id", "content"], name="screening_late_once")]
        indexes = [models.Index(fields=["round", "place"], name="screening_late_door")]

    def __str__(self) -> str:
        return str(self.visit_id)


class Coverage(models.Model):
    """How many doors of a compound are in each state of a round. Changed in the statement that stores the visits.

    Untouched doors are ``doors`` less the others, so the states always sum to the register.
    """

    round = models.ForeignKey(Round, on_delete=models.PROTECT, db_index=False)
    place = models.BigIntegerField()  # the compound
    doors = models.PositiveIntegerField()
    not_home = models.PositiveIntegerField(default=0)
    vacant_unknown = models.PositiveIntegerField(default=0)
    vacant_known = models.PositiveIntegerField(default=0)
    appointment = models.PositiveIntegerField(default=0)
    language_help = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    by_proxy = models.PositiveIntegerField(default=0)
    by_phone = models.PositiveIntegerField(default=0)
    answered = models.PositiveIntegerField(default=0)
    demolished = models.PositiveIntegerField(default=0)
    presumed_vacant = models.PositiveIntegerField(default=0)
    visits = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "place"], name="screening_coverage_once"),
            models.CheckConstraint(
                name="screening_coverage_sums",
                condition=models.Q(
                    doors__gte=models.F("not_home")
                    + models.F("vacant_unknown")
                    + models.F("vacant_known")
                    + models.F("appointment")
                    + models.F("language_help")
                    + models.F("refused")
                    + models.F("by_proxy")
                    + models.F("by_phone")
                    + models.F("answered")
                    + models.F("demolished")
                    + models.F("presumed_vacant")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round_id} {self.place}"


class SealedCampaign(models.Model):
    """The figures of a campaign whose visits are destroyed: proven against the visits, then sealed (ADR 0017).

    From then on they are checked against this digest, which the journal and the certificate hold too.
    """

    campaign = models.OneToOneField(Campaign, on_delete=models.PROTECT, related_name="sealed")
    digest = models.CharField(max_length=64)  # of every row of coverage and of recount tallies
    cells = models.PositiveIntegerField()
    folded = models.PositiveIntegerField()  # rows of fewer than ten doors, added to the area above them
    sealed_at = models.DateTimeField()
    visits = models.BigIntegerField(default=0)  # destroyed so far
    displaced = models.BigIntegerField(default=0)  # earlier contents that a decision had replaced, destroyed too
    late = models.BigIntegerField(default=0)  # and what had arrived when its round was closed

    def __str__(self) -> str:
        return f"{self.campaign_id}"


class CoverageSample(models.Model):
    """How far a round had come in a district at a moment: the trend on the board. One for each slot (``rules.slot_of``)."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, db_index=False)
    place = models.BigIntegerField()  # the district
    slot = models.PositiveIntegerField()
    at = models.DateTimeField()
    doors = models.PositiveIntegerField()
    settled = models.PositiveIntegerField()
    visits = models.PositiveIntegerField()

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "place", "slot"], name="screening_sample_once"),
            models.CheckConstraint(
                condition=models.Q(settled__lte=models.F("doors")), name="screening_sample_part_of_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round_id} {self.place} {self.slot}"


class Recount(models.Model):
    """A random share of a closed round's settled doors, seen again by other teams than those that settled them.

    Anyone can draw the same doors again: of all settled doors on the ground, those whose
    ``md5("<seed>:<place>")`` come first. The seed is made when the doors are drawn, so nobody chooses it.
    """

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="recounts")
    first = models.BigIntegerField()  # the ground
    last = models.BigIntegerField()
    permille = models.PositiveSmallIntegerField()
    seed = models.CharField(max_length=32)
    claimed = models.PositiveIntegerField()  # doors on the ground that the round calls settled
    drawn = models.PositiveIntegerField()
    drawn_at = models.DateTimeField()
    closes_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Drawn once: whoever dislikes the doors cannot draw others.
            models.UniqueConstraint(fields=["round", "first", "last"], name="screening_recount_once")
        ]

    def __str__(self) -> str:
        return f"{self.round} {self.first}"


class RecountDoor(models.Model):
    """A door that was drawn: what the round says of it, and what the other team found."""

    recount = models.ForeignKey(Recount, on_delete=models.PROTECT, related_name="doors", db_index=False)
    place = models.BigIntegerField()
    claimed = models.PositiveSmallIntegerField(choices=DoorState)
    team = models.ForeignKey("deployment.Team", on_delete=models.PROTECT, related_name="+", db_index=False)
    found = models.PositiveSmallIntegerField(choices=Outcome, null=True)
    came = models.CharField(max_length=10, choices=Came, blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict, blank=True)
    at = models.DateTimeField(null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recount", "place"], name="screening_recount_door_once")]
        indexes = [models.Index(fields=["team", "recount"], name="screening_recount_team")]

    def __str__(self) -> str:
        return f"{self.recount_id} {self.place}"


class RecountTally(models.Model):
    """How many doors of a community were drawn and how they were judged, kept with each answer."""

    recount = models.ForeignKey(Recount, on_delete=models.PROTECT, related_name="tallies", db_index=False)
    place = models.BigIntegerField()  # the community
    drawn = models.PositiveIntegerField()
    same = models.PositiveIntegerField(default=0)
    different = models.PositiveIntegerField(default=0)
    unclear = models.PositiveIntegerField(default=0)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recount", "place"], name="screening_recount_tally_once"),
            models.CheckConstraint(
                condition=models.Q(drawn__gte=models.F("same") + models.F("different") + models.F("unclear")),
                name="screening_recount_part_of_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recount_id} {self.place}"
