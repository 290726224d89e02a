"""Training cards: publish a version, confirm that it was read (SCR-3)."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput, NotFound, Refusal

from ..models import CardReading, Role, TrainingCard
from ..queries.cards import holder_of, newest_cards, reading_key, role_id_of
from ..rules import card_problems

CARDS = Path(__file__).parents[1] / "data" / "training_cards.json"


class CardUnchanged(Refusal):
    code = "card_unchanged"
    sentence = _("The card says the same as version %(version)s; nothing was published.")


@transaction.atomic
def publish_card(role: Role, text: Mapping[str, Any], *, by: Actor, at: datetime) -> TrainingCard:
    """This function will publish the next version of a role's training card; whoever has the role reads it anew.

    Needs ``campaign.open``. Raises ``NotAllowed``, ``BadInput`` naming each fault, ``CardUnchanged``.
    """
    by.require("campaign.open")
    problems = card_problems(text)
    if problems:
        raise BadInput(problems)
    newest = newest_cards([role.pk]).get(role.pk)
    if newest is not None and newest.text == text:
        raise CardUnchanged(version=newest.version)
    card = TrainingCard.objects.create(role=role, version=newest.version + 1 if newest else 1, text=dict(text))
    CardReading.objects.filter(card__role=role).delete()  # the older text need not be read any more
    record("access.publish_card", subject=card, by=by, at=at, data={"role": role.code, "version": card.version})
    return card


@transaction.atomic
def confirm_card(card_id: int, *, by: Actor, at: datetime) -> bool:
    """This function will count a holder's card as read; says whether it was new. Again is harmless.

    The journal notes it without pass, post or account: that a card was read is a number, never a list of persons.
    Needs ``visit.submit``. Raises ``NotAllowed``, and ``NotFound`` for a card that is not the newest of the own role.
    """
    by.require("visit.submit")
    role_id = role_id_of(by)
    card = newest_cards([role_id]).get(role_id) if role_id is not None else None
    if card is None or card.pk != card_id:
        raise NotFound
    key = reading_key(card.pk, holder_of(by))
    try:
        with transaction.atomic():
            CardReading.objects.create(key=key, card=card)
    except IntegrityError:
        return False
    nobody = Actor(label=str(card), acts=by.acts, scope=by.scope)
    place = by.scope.ranges[0].first if by.scope.ranges else None
    record("access.confirm_card", subject=card, by=nobody, at=at, place=place, data={"version": card.version})
    return True


def seed_cards(roles: Mapping[str, Role]) -> None:
    """This function will give the roles that have no training card the one that the project brings."""
    with_card = newest_cards(role.pk for role in roles.values())
    for given in json.loads(CARDS.read_text(encoding="utf-8")):
        text = {name: value for name, value in given.items() if name != "roles"}
        TrainingCard.objects.bulk_create(
            TrainingCard(role=roles[code], version=1, text=text)
            for code in given["roles"]
            if code in roles and roles[code].pk not in with_card
        )
