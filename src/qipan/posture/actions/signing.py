"""Whose organ signs: its own for what is new, for what a merged organ began whoever has its ground or stands above."""

from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit, signing_unit
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import Refusal


class NotYourOrgan(Refusal):
    code = "not_your_organ"
    sentence = _("Your post belongs to another organ; it cannot sign for %(issuer)s.")
    status = 403


def check_signature(issuer: Unit, *, by: Actor) -> None:
    """This function will refuse a post that signs for another organ than its own; jobs have no organ."""
    if by.unit_id is not None and by.unit_id != issuer.pk:
        raise NotYourOrgan(issuer=issuer)


def signer_of(issuer: Unit, *, by: Actor) -> Unit:
    """This function will return the organ that signs for what an issuer began; refuses a post of any other."""
    signer = signing_unit(issuer, by=by)
    if signer is None:
        raise NotYourOrgan(issuer=issuer)
    return signer
