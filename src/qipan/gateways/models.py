"""Partners with their keys and subscriptions, and what the city says of its services beyond the catalogue."""

from django.db import models
from django.utils.translation import get_language

from qipan.kernel.sealed import SealedField

from .terms import Audience, DataType, EventKind, NoticeKind, Standing


class Endpoint(models.Model):
    """How the city's Open311 endpoint stands; one row, none before anybody set it."""

    jurisdiction = models.CharField(max_length=60)  # jurisdiction_id, "chengdu.gov.cn"
    keys_needed = models.BooleanField(default=True)  # to report; reading needs none
    contact = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.jurisdiction


class Partner(models.Model):
    """An organisation whose program reports, reads or is told. Its key is only kept as a keyed hash."""

    name = models.CharField(max_length=80)
    key_hash = models.CharField(max_length=64, unique=True)
    key_hint = models.CharField(max_length=8)  # its first letters, to tell keys apart
    most_an_hour = models.PositiveIntegerField(default=200)  # reports
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Receiver(models.Model):
    """Somebody who is sent what leaves the outbox, and how the last tries went."""

    standing = models.CharField(max_length=7, choices=Standing, default=Standing.ACTIVE)
    created_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=200, blank=True)  # "200", "no answer within 10 seconds"
    delivered_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)  # since the last success
    failing_since = models.DateTimeField(null=True)
    rest_until = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Subscription(Receiver):
    """Where a partner is told of which events, and how the last tries went.

    The secret that signs is not kept: it is made from the site's key, this row's key and ``secret_version``.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="subscriptions")
    url = models.CharField(max_length=500)
    kinds = models.JSONField(default=list)  # of terms.EventKind
    secret_version = models.PositiveSmallIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["standing"], name="gateways_active", condition=models.Q(standing=Standing.ACTIVE))
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.url}"

    @property
    def kind_labels(self) -> list[str]:
        """The events in the active language."""
        return [str(EventKind(kind).label) for kind in self.kinds]


class NoticeChannel(Receiver):
    """Where a unit's notices go besides its desk: a group's robot, mail, an SMS gateway; or how reporters are told.

    The address (an Apprise URL) is a secret: sealed here, never shown again and never logged.
    """

    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    service = models.CharField(max_length=20)  # the URL's scheme, "dingtalk"
    url = SealedField()
    audience = models.CharField(max_length=4, choices=Audience, default=Audience.UNIT)
    kinds = models.JSONField(default=list)  # of terms.NoticeKind

    class Meta:
        constraints = [
            # Who reported is told by one way, so nobody is told twice.
            models.UniqueConstraint(
                fields=["audience"],
                name="gateways_reporters_once",
                condition=~models.Q(audience=Audience.UNIT) & ~models.Q(standing=Standing.ENDED),
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.name}"

    @property
    def kind_labels(self) -> list[str]:
        """The notices in the active language."""
        return [str(NoticeKind(kind).label) for kind in self.kinds]


class Attribute(models.Model):
    """What a service asks beyond place and words: data of the city, by category of the catalogue."""

    category_code = models.CharField(max_length=5)
    code = models.SlugField(max_length=30)
    order = models.PositiveSmallIntegerField()
    datatype = models.CharField(max_length=15, choices=DataType)
    required = models.BooleanField(default=False)
    description = models.CharField(max_length=200)
    description_en = models.CharField(max_length=200, blank=True)
    values = models.JSONField(default=list)  # [[key, name, name in English]]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["category_code", "code"], name="gateways_attribute_once")]

    def __str__(self) -> str:
        return f"{self.category_code} {self.code}"

    @property
    def label(self) -> str:
        """The description in the active language."""
        return self.description_en if self.description_en and _english() else self.description

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Key and name of each value, in the active language."""
        return [(key, name_en if name_en and _english() else name) for key, name, name_en in self.values]


def _english() -> bool:
    return (get_language() or "").startswith("en")
