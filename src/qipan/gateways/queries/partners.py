"""Partners, keys and subscriptions as they stand."""

from typing import Any

from django.conf import settings
from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import NotFound, Refusal

from ..models import Endpoint, Partner, Subscription
from ..rules.signing import hash_of, secret_of
from ..terms import Standing


class KeyUnknown(Refusal):
    code = "key_unknown"
    sentence = _("This api_key is not known here, or has been ended.")
    status = 403


class JurisdictionUnknown(Refusal):
    code = "jurisdiction_unknown"
    sentence = _("There is no jurisdiction with this jurisdiction_id here.")
    status = 404


def endpoint() -> Endpoint:
    """This function will return how the endpoint stands; before anybody set it, keys are needed to report."""
    return Endpoint.objects.order_by("pk").first() or Endpoint(jurisdiction=settings.CITY, keys_needed=True)


def check_jurisdiction(asked: str) -> Endpoint:
    """This function will return the endpoint; raises ``JurisdictionUnknown`` when another one was asked for."""
    held = endpoint()
    if asked and asked != held.jurisdiction:
        raise JurisdictionUnknown
    return held


def partner_of(key: str) -> Partner | None:
    """This function will return who holds an API key; None without a key. Raises ``KeyUnknown``."""
    if not key:
        return None
    found = Partner.objects.filter(key_hash=hash_of(key, site_key=settings.SECRET_KEY), ended_at=None).first()
    if found is None:
        raise KeyUnknown
    return found


def get_partner(pk: int) -> Partner:
    """This function will return a partner that has not ended; raises ``NotFound``."""
    found = Partner.objects.filter(pk=pk, ended_at=None).first()
    if found is None:
        raise NotFound
    return found


def get_subscription(pk: int) -> Subscription:
    """This function will return a subscription that has not ended; raises ``NotFound``."""
    found = Subscription.objects.select_related("partner").exclude(standing=Standing.ENDED).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def partners() -> list[Partner]:
    """This function will return the partners that have not ended, each with its subscriptions."""
    held: Any = Subscription.objects.exclude(standing=Standing.ENDED).order_by("pk")
    rows = Partner.objects.filter(ended_at=None).order_by("name", "pk")
    return list(rows.prefetch_related(Prefetch("subscriptions", queryset=held, to_attr="held")))


def secret_for(subscription: Subscription) -> bytes:
    """This function will return the secret with which a subscription's messages are signed."""
    return secret_of(subscription.pk, subscription.secret_version, site_key=settings.SECRET_KEY)
