"""Who may call, and who is told: partners with their keys, subscriptions with their secrets."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.addresses import checked_url
from qipan.kernel.refusal import NotFound, Refusal

from ..models import Endpoint, Partner, Subscription
from ..rules.signing import HINT, hash_of, new_key
from ..terms import EventKind, Standing

ACT = "partner.manage"
MOST_SUBSCRIPTIONS = 20  # of one partner


class NameNeeded(Refusal):
    code = "name_needed"
    sentence = _("A partner needs the name of its organisation, at most 80 characters.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="name")


class LimitOutOfRange(Refusal):
    code = "limit_out_of_range"
    sentence = _("The limit is a number of reports an hour, from 0 to 100,000.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="most_an_hour")


class KindsNeeded(Refusal):
    code = "kinds_needed"
    sentence = _("Choose at least one kind of event.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="kinds")


class TooManySubscriptions(Refusal):
    code = "too_many_subscriptions"
    sentence = _("A partner has at most %(most)s subscriptions.")

    def __init__(self) -> None:
        super().__init__(most=MOST_SUBSCRIPTIONS)


class JurisdictionNeeded(Refusal):
    code = "jurisdiction_needed"
    sentence = _("jurisdiction_id has letters, digits, dots and hyphens, at most 60.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="jurisdiction")


@transaction.atomic
def set_endpoint(*, jurisdiction: str, keys_needed: bool, contact: str = "", by: Actor, at: datetime) -> Endpoint:
    """This function will say by which jurisdiction_id the city answers and whether reporting needs a key.

    Needs ``partner.manage``. Raises ``NotAllowed``, ``JurisdictionNeeded``.
    """
    by.require(ACT)
    jurisdiction = jurisdiction.strip()
    plain = jurisdiction.isascii() and jurisdiction.replace("-", "").replace(".", "").isalnum()
    if not plain or len(jurisdiction) > 60:
        raise JurisdictionNeeded
    held = Endpoint.objects.select_for_update().order_by("pk").first() or Endpoint()
    held.jurisdiction, held.keys_needed, held.contact, held.changed_at = jurisdiction, keys_needed, contact.strip(), at
    held.save()
    data = {"jurisdiction": jurisdiction, "keys_needed": keys_needed}
    record("gateways.set_endpoint", subject=held, by=by, at=at, data=data)
    return held


@transaction.atomic
def add_partner(*, name: str, most_an_hour: int = 200, by: Actor, at: datetime) -> tuple[Partner, str]:
    """This function will let an organisation's program in; returns it with its key, which is told this once.

    Needs ``partner.manage``. Raises ``NotAllowed``, ``NameNeeded``, ``LimitOutOfRange``.
    """
    by.require(ACT)
    name = name.strip()
    if not name or len(name) > 80:
        raise NameNeeded
    if not 0 <= most_an_hour <= 100_000:
        raise LimitOutOfRange
    key = new_key()
    partner = Partner.objects.create(
        name=name, most_an_hour=most_an_hour, created_at=at, key_hash=_hash(key), key_hint=key[:HINT]
    )
    record("gateways.add_partner", subject=partner, by=by, at=at, data={"name": name, "most_an_hour": most_an_hour})
    return partner, key


def _hash(key: str) -> str:
    return hash_of(key, site_key=settings.SECRET_KEY)


def _locked(partner: Partner, by: Actor) -> Partner:
    by.require(ACT)
    held = Partner.objects.select_for_update().filter(pk=partner.pk, ended_at=None).first()
    if held is None:
        raise NotFound
    return held


@transaction.atomic
def change_key(partner: Partner, *, by: Actor, at: datetime) -> str:
    """This function will give a partner a new key, told this once; the old one opens nothing any more.

    Needs ``partner.manage``. Raises ``NotAllowed``, ``NotFound``.
    """
    held, key = _locked(partner, by), new_key()
    held.key_hash, held.key_hint = _hash(key), key[:HINT]
    held.save(update_fields=["key_hash", "key_hint"])
    record("gateways.change_key", subject=held, by=by, at=at)
    return key


@transaction.atomic
def end_partner(partner: Partner, *, by: Actor, at: datetime) -> None:
    """This function will end a partner: its key opens nothing and nothing is sent to it any more.

    Needs ``partner.manage``. Raises ``NotAllowed``, ``NotFound``.
    """
    held = _locked(partner, by)
    held.ended_at = at
    held.save(update_fields=["ended_at"])
    held.subscriptions.update(standing=Standing.ENDED)
    record("gateways.end_partner", subject=held, by=by, at=at)


@transaction.atomic
def subscribe_partner(partner: Partner, *, url: str, kinds: Sequence[str], by: Actor, at: datetime) -> Subscription:
    """This function will have a partner told of events at an address of its own.

    Needs ``partner.manage``. Raises ``NotAllowed``, ``NotFound``, ``KindsNeeded``, ``UrlNotAllowed``,
    ``PrivateAddress``, ``TooManySubscriptions``.
    """
    held = _locked(partner, by)
    chosen = [kind.value for kind in EventKind if kind.value in kinds]
    if not chosen or len(chosen) != len(set(kinds)):
        raise KindsNeeded
    url = checked_url(url, own=settings.OWN_NETWORKS)
    if held.subscriptions.exclude(standing=Standing.ENDED).count() >= MOST_SUBSCRIPTIONS:
        raise TooManySubscriptions
    made = Subscription.objects.create(partner=held, url=url, kinds=chosen, created_at=at)
    record("gateways.subscribe_partner", subject=made, by=by, at=at, data={"url": url, "kinds": chosen})
    return made


def held_subscription(subscription: Subscription, by: Actor) -> Subscription:
    """This function will lock a subscription that has not ended; raises ``NotAllowed``, ``NotFound``."""
    by.require(ACT)
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("partner")
    held = rows.exclude(standing=Standing.ENDED).filter(pk=subscription.pk).first()
    if held is None:
        raise NotFound
    return held


@transaction.atomic
def set_standing(subscription: Subscription, *, standing: str, by: Actor, at: datetime) -> Subscription:
    """This function will pause a subscription, end it, or send to it again.

    What happens while it is paused is not sent later; what waited when it was paused is sent when it goes on.
    Needs ``partner.manage``. Raises ``NotAllowed``, ``NotFound`` (ended ones stay ended).
    """
    held = held_subscription(subscription, by)
    if standing not in (Standing.ACTIVE, Standing.PAUSED, Standing.ENDED):
        raise NotFound
    held.standing = standing
    held.failures, held.failing_since, held.rest_until = 0, None, None
    held.save(update_fields=["standing", "failures", "failing_since", "rest_until"])
    record("gateways.set_standing", subject=held, by=by, at=at, data={"standing": str(standing)})
    return held


@transaction.atomic
def change_secret(subscription: Subscription, *, by: Actor, at: datetime) -> Subscription:
    """This function will sign with a new secret from now on; the old one signs nothing any more.

    Needs ``partner.manage``. Raises ``NotAllowed``, ``NotFound``.
    """
    held = held_subscription(subscription, by)
    held.secret_version += 1
    held.save(update_fields=["secret_version"])
    record("gateways.change_secret", subject=held, by=by, at=at, data={"version": held.secret_version})
    return held
