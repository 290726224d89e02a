"""What firms offer, what was agreed, what was called, what it cost and whether it was paid. Money is whole fen."""

from datetime import date, datetime

from django.db import models
from django.utils.translation import get_language

from qipan.kernel.scoped import ScopedQuerySet

from . import rules
from .terms import CallKind, CallState, CostKind, CostState, SheetState


def in_words(kind: str) -> tuple[str, str]:
    """This function will return the name of a kind and of its unit in the reader's language."""
    known = rules.kinds().get(kind)
    if known is None:
        return kind, ""
    english = (get_language() or "").startswith("en")
    return (known.name_en, known.unit_en) if english else (known.name, known.unit)


class Lent(models.Model):
    """So much of a kind, at a rate."""

    kind = models.SlugField(max_length=40)  # of data/kinds.csv
    quantity = models.PositiveIntegerField()
    rate = models.BigIntegerField()  # fen for one unit and one day

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity}"

    @property
    def label(self) -> str:
        """What it is, in the reader's language."""
        return in_words(self.kind)[0]

    @property
    def unit_label(self) -> str:
        """What one of it is, in the reader's language."""
        return in_words(self.kind)[1]

    @property
    def returnable(self) -> bool:
        """Whether the thing itself goes back to its owner."""
        known = rules.kinds().get(self.kind)
        return known is not None and known.returnable


class Offer(Lent):
    """What a firm can lend of its own free will: counts and capacities, never named persons."""

    firm = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="offers")
    place = models.BigIntegerField()  # where the firm's desk stands
    first = models.BigIntegerField()  # where it can lend it
    last = models.BigIntegerField()
    conditions = models.CharField(max_length=300, blank=True)
    offered_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["firm", "valid_until"], name="reserves_offer_firm")]


class Agreement(models.Model):
    """A standby agreement between a governing unit and a firm; a change is a new agreement in its place."""

    number = models.CharField(max_length=60, unique=True)
    payer = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="standby_for")
    firm = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="standby_by")
    place = models.BigIntegerField()  # where the payer's desk stands
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    notice_hours = models.PositiveSmallIntegerField()
    payment_days = models.PositiveSmallIntegerField()
    payer_signed_at = models.DateTimeField()
    firm_signed_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)
    decline_reason = models.CharField(max_length=300, blank=True)
    replaces = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")
    stopped_at = models.DateTimeField(null=True)  # a newer one stands in its place since

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(starts_at__lt=models.F("ends_at")), name="reserves_agreement_order"
            )
        ]
        indexes = [models.Index(fields=["firm", "ends_at"], name="reserves_agreement_firm")]

    def __str__(self) -> str:
        return self.number

    def in_force(self, at: datetime) -> bool:
        """This method will say whether both sides have signed and its time runs."""
        signed = self.firm_signed_at is not None and self.firm_signed_at <= at
        return signed and rules.running(self.starts_at, self.ends_at, self.stopped_at, at=at)


class AgreementLine(Lent):
    """What the firm stands by with, as it was offered: at most so much at once, there, at that rate."""

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="lines")
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    conditions = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agreement", "offer"], name="reserves_line_once")]


class Call(models.Model):
    """An order to lend: a call of an agreement, or a requisition. It ends by itself at ``expected_until``."""

    kind = models.CharField(max_length=11, choices=CallKind)
    agreement = models.ForeignKey(Agreement, null=True, on_delete=models.PROTECT, related_name="calls")
    declaration = models.ForeignKey("posture.Declaration", on_delete=models.PROTECT, related_name="reserve_calls")
    caller = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="called_for")
    firm = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="called_by")
    place = models.BigIntegerField()  # where the caller's desk stands
    purpose = models.CharField(max_length=200)
    basis = models.CharField(max_length=300)  # the article as the order was written
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    ordered_at = models.DateTimeField()
    starts_at = models.DateTimeField()
    expected_until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # before its time
    end_reason = models.CharField(max_length=300, blank=True)
    noted_at = models.DateTimeField(null=True)  # its end was written down
    payment_days = models.PositiveSmallIntegerField()
    nonce = models.CharField(max_length=36, unique=True)  # made by whoever sends, so that a resend is no second call
    drill = models.BooleanField(default=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(starts_at__lt=models.F("expected_until")), name="reserves_call_order"
            )
        ]
        indexes = [
            models.Index(fields=["firm", "expected_until"], name="reserves_call_firm"),
            models.Index(fields=["place"], name="reserves_call_place"),
            # What has ended and is not written down?
            models.Index(fields=["expected_until"], name="reserves_call_ending", condition=models.Q(noted_at=None)),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """Its public number, on the order card: "510104-r12"."""
        return rules.order_number(self.first, self.pk)

    @property
    def ends_at(self) -> datetime:
        """When it ends, or ended."""
        return min(self.expected_until, self.ended_at) if self.ended_at else self.expected_until

    def state(self, at: datetime) -> CallState:
        """This method will say how it stands at a moment."""
        if self.ends_at <= at:
            return CallState.ENDED
        return CallState.RUNNING if self.starts_at <= at else CallState.TO_COME


class CallLine(Lent):
    """What is called or taken; a requisition says in its inventory what it is and in which condition.

    Both sides record the return: one says it, the other agrees or says it otherwise.
    """

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(AgreementLine, null=True, on_delete=models.PROTECT, related_name="called")
    described = models.CharField(max_length=200, blank=True)
    condition = models.CharField(max_length=200, blank=True)  # when it was taken
    return_condition = models.CharField(max_length=200, blank=True)
    damage_fen = models.BigIntegerField(null=True)
    return_said_by = models.ForeignKey("duties.Unit", null=True, on_delete=models.PROTECT, related_name="+")
    return_said_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)  # both say the same

    @property
    def to_return(self) -> bool:
        """Whether it was requisitioned, goes back to its owner, and both have not said so yet."""
        return self.line_id is None and self.returnable and self.returned_at is None


class CostSheet(models.Model):
    """What a firm asks for a call; ``entered`` and ``accepted`` are sums in fen, kept with each line."""

    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="sheets")
    opened_at = models.DateTimeField()
    handed_in_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)  # overdue from then on
    decided_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)  # when it was entered as paid
    paid_on = models.DateField(null=True)
    voucher = models.CharField(max_length=60, blank=True)
    told_at = models.DateTimeField(null=True)  # the level above was told that it is overdue
    entered = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["call"], name="reserves_one_open_sheet", condition=models.Q(handed_in_at=None)
            )
        ]
        indexes = [
            # What is unpaid, and what is overdue of it?
            models.Index(fields=["due_at"], name="reserves_sheet_due", condition=models.Q(paid_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.call_id}/{self.pk}"

    def state(self, at: datetime) -> SheetState:
        """This method will say how it stands at a moment."""
        if self.paid_at is not None:
            return SheetState.PAID
        if self.handed_in_at is None or self.due_at is None:
            return SheetState.OPEN
        if self.decided_at is not None and not self.accepted:
            return SheetState.NOTHING
        if self.due_at <= at:
            return SheetState.OVERDUE
        return SheetState.HANDED_IN if self.decided_at is None else SheetState.TO_PAY


class CostLine(models.Model):
    """One cost of one day: so much at the agreed rate, or an amount of its own with its reason."""

    sheet = models.ForeignKey(CostSheet, on_delete=models.CASCADE, related_name="lines")
    kind = models.CharField(max_length=6, choices=CostKind)
    called = models.ForeignKey(CallLine, null=True, on_delete=models.PROTECT, related_name="costs")
    day = models.DateField()
    quantity = models.PositiveIntegerField(default=1)
    rate = models.BigIntegerField()  # fen
    amount = models.BigIntegerField()  # fen: quantity times rate, computed by us
    what = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=8, choices=CostState, default=CostState.ENTERED)
    objection = models.CharField(max_length=300, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # A day's use is asked for once; again only after an objection.
            models.UniqueConstraint(
                fields=["called", "day"],
                name="reserves_use_once",
                condition=models.Q(kind=CostKind.USE) & ~models.Q(state=CostState.OBJECTED),
            ),
            models.CheckConstraint(
                condition=models.Q(amount=models.F("quantity") * models.F("rate")), name="reserves_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day}"


class Store(models.Model):
    """One thing that an office itself stores for an emergency, at one spot: how much of it is there now."""

    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="stores")
    place = models.BigIntegerField()  # where the office's desk stands
    name = models.CharField(max_length=60)
    measure = models.CharField(max_length=12)
    amount = models.PositiveIntegerField()  # on hand; what is handed out is not
    per_day = models.PositiveIntegerField(null=True)  # what those use in a day whom it is for; null: it is not used up
    kept_at = models.CharField(max_length=120)
    use_by = models.DateField(null=True)  # the last day on which it may be used
    added_at = models.DateTimeField()
    counted_at = models.DateTimeField()
    counted_by = models.CharField(max_length=120)
    ended_at = models.DateTimeField(null=True)  # struck off

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "name", "kept_at"], name="reserves_store_once", condition=models.Q(ended_at=None)
            ),
            models.CheckConstraint(
                condition=models.Q(per_day=None) | models.Q(per_day__gte=1), name="reserves_store_use"
            ),
        ]
        indexes = [models.Index(fields=["place"], name="reserves_store_place", condition=models.Q(ended_at=None))]

    def __str__(self) -> str:
        return self.name

    @property
    def days(self) -> int | None:
        """How many whole days it lasts; None where it is not used up."""
        return self.amount // self.per_day if self.per_day else None


class Handout(models.Model):
    """What was handed out of a store: to whom, under which emergency, and whether it comes back."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="handouts")
    to = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")
    declaration = models.ForeignKey("posture.Declaration", null=True, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    purpose = models.CharField(max_length=120)
    handed_at = models.DateTimeField()
    handed_by = models.CharField(max_length=120)
    back_by = models.DateField(null=True)  # the day on which it is to be back; null: it is used up
    back_at = models.DateTimeField(null=True)
    came_back = models.PositiveIntegerField(null=True)
    missing_why = models.CharField(max_length=120, blank=True)
    nonce = models.CharField(max_length=36, unique=True)  # made by whoever sends, so that a resend is no second one

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(came_back=None) | models.Q(came_back__lte=models.F("quantity")),
                name="reserves_handout_back",
            ),
        ]
        indexes = [
            # What is out and comes back?
            models.Index(
                fields=["declaration"],
                name="reserves_handout_out",
                condition=models.Q(back_at=None, back_by__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.store_id} {self.quantity}"

    @property
    def is_out(self) -> bool:
        """Whether it is to come back and has not."""
        return self.back_by is not None and self.back_at is None

    def is_late(self, on: date) -> bool:
        """This method will say whether it was to be back before a day and is not."""
        return self.back_at is None and self.back_by is not None and self.back_by < on
