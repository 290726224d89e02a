"""What the room does when a response ends."""

from django.conf import settings

from qipan.desk.api import TasksInherited
from qipan.kernel.actor import Actor
from qipan.kernel.place import CODE_LENGTHS, COMMUNITY, range_of
from qipan.posture.api import Declaration, DeclarationEnded
from qipan.territory.api import AreaMerged

from .actions.provisions import carry_provision
from .actions.reviews import open_review
from .models import Weakness


def clock_of_learning() -> Actor:
    """This function will return the actor of what the room does by itself."""
    return Actor.system("after-action review", ranges=[range_of(settings.CITY)])


def on_area_merged(event: AreaMerged) -> None:
    """This handler will carry what a merged community held for an emergency to the one that remains."""
    if len(event.code) == CODE_LENGTHS[COMMUNITY]:
        carry_provision(event.code, into=event.into, by=Actor.system("merged community"), at=event.at)


def on_tasks_inherited(event: TasksInherited) -> None:
    """This handler will make the heir of a merged unit the owner of the weaknesses that it has to mend now."""
    rows = Weakness.objects.everywhere("of tasks that were handed over")
    rows.filter(task__in=event.tasks, owner=event.unit).update(owner=event.heir)


def on_declaration_ended(event: DeclarationEnded) -> None:
    """This handler will open the review of the emergency that has just ended."""
    open_review(Declaration.objects.get(pk=event.declaration_id), by=clock_of_learning(), at=event.at)
