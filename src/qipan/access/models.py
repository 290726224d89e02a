"""Accounts, roles, posts and passes: who may do what, where, until when."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import get_language

from qipan.kernel.scoped import ScopedQuerySet


class AccountManager(BaseUserManager["Account"]):
    def create_user(self, username: str, password: str | None = None, **fields: object) -> "Account":
        account = self.model(username=username, **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account


class Account(AbstractBaseUser):
    """A person's log-in. It gives no right by itself; rights come from posts. There is no superuser."""

    username = models.CharField(max_length=60, unique=True)
    display_name = models.CharField(max_length=60)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)

    objects = AccountManager()
    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]

    def __str__(self) -> str:
        return self.display_name


class Role(models.Model):
    """A named bundle of acts ("directive.issue", "task.answer" ...), as data."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    acts = models.JSONField(default=list)
    for_passes = models.BooleanField(default=False)  # may be given by link or QR code

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the active language."""
        return self.name_en if (get_language() or "").startswith("en") and self.name_en else self.name


class PostQuerySet(ScopedQuerySet):
    """Posts stand where their unit's desk stands."""

    place_field = "unit__place"


class PassQuerySet(ScopedQuerySet):
    """Passes stand where their ground begins."""

    place_field = "first"


class Post(models.Model):
    """An account holds a role in a unit, on the unit's ground or a part of it, for a time."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="posts")
    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    role = models.ForeignKey(Role, on_delete=models.PROTECT)
    title = models.CharField(max_length=80, blank=True)
    first = models.BigIntegerField(null=True)  # null: the unit's whole ground
    last = models.BigIntegerField(null=True)
    sponsors_area = models.BooleanField(default=False)  # the area's named leader, last step of escalation
    # The name as the official list of leaders publishes it; empty: residents read post and unit only.
    published_name = models.CharField(max_length=40, blank=True)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    emergency = models.CharField(max_length=60, blank=True)  # number of the declaration for which it was given

    objects = PostQuerySet.as_manager()

    class Meta:
        constraints = [
            # A person holds a role in a unit once at a time.
            models.UniqueConstraint(
                fields=["account", "unit", "role"], name="access_post_once", condition=models.Q(valid_to=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.account} / {self.unit} / {self.role}"


class Pass(models.Model):
    """Expiring, scoped access without a password, by link or printed QR code (SCR-3).

    The link carries a signed token; only ``serial`` is kept here, so a stolen table opens nothing.
    """

    serial = models.UUIDField(primary_key=True)
    role = models.ForeignKey(Role, on_delete=models.PROTECT)
    unit = models.ForeignKey("duties.Unit", on_delete=models.PROTECT)
    team = models.BigIntegerField(null=True)  # deployment team, a higher room
    label = models.CharField(max_length=60)  # what the team calls the holder
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    issued_by = models.CharField(max_length=120)
    batch = models.CharField(max_length=40)
    line = models.PositiveIntegerField()
    stays_until = models.DateTimeField(null=True)  # a volunteer chose so: the group keeps the label until then

    objects = PassQuerySet.as_manager()

    class Meta:
        constraints = [
            # The same list sent twice enrols nobody twice.
            models.UniqueConstraint(fields=["batch", "line"], name="access_pass_once")
        ]
        indexes = [
            # Which passes were revoked? Read every few seconds by each process.
            models.Index(
                fields=["revoked_at"], name="access_pass_revoked", condition=models.Q(revoked_at__isnull=False)
            ),
            # Which passes are given out on this ground?
            models.Index(fields=["first"], name="access_pass_first"),
            # Which passes does this team hold?
            models.Index(fields=["team"], name="access_pass_team", condition=models.Q(team__isnull=False)),
            # Which volunteers stay?
            models.Index(fields=["first"], name="access_pass_stays", condition=models.Q(stays_until__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.label} until {self.expires_at:%F}"


class TrainingCard(models.Model):
    """What a role must have read before its first visit: steps, what to say, what not to ask, whom to call (SCR-3).

    Text in both languages, as data. A version is never edited; a newer one is read anew.
    """

    role = models.ForeignKey(Role, on_delete=models.PROTECT)
    version = models.PositiveSmallIntegerField()
    text = models.JSONField()  # rules.CARD_PARTS says what it holds

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "version"], name="access_card_version")]

    def __str__(self) -> str:
        return f"{self.role} v{self.version}"


class CardReading(models.Model):
    """One holder has read one card. Who it was is not kept: the key is a keyed digest, and there is no time.

    It counts a holder once while the pass is in force; nobody can read a name off it. It goes with the card's version.
    """

    key = models.CharField(max_length=32, primary_key=True)
    card = models.ForeignKey(TrainingCard, on_delete=models.CASCADE)

    def __str__(self) -> str:
        return self.key
