"""What the room does when a response ends."""

from django.conf import settings

from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.posture.api import Declaration, DeclarationEnded

from .actions.reviews import open_review


def clock_of_learning() -> Actor:
    """This function will return the actor of what the room does by itself."""
    return Actor.system("after-action review", ranges=[range_of(settings.CITY)])


def on_declaration_ended(event: DeclarationEnded) -> None:
    """This handler will open the review of the emergency that has just ended."""
    open_review(Declaration.objects.get(pk=event.declaration_id), by=clock_of_learning(), at=event.at)
