"""What the room does when areas are merged or split."""

from qipan.kernel.actor import Actor
from qipan.territory.api import AreaMerged, AreaSplit, get_area

from .actions.moving import follow_map


def on_area_merged(event: AreaMerged) -> None:
    """This handler will let the levels of the merged area go on in the one that remains."""
    follow_map(get_area(event.into).ranges, by=Actor.system("merged area"), at=event.at)


def on_area_split(event: AreaSplit) -> None:
    """This handler will let the level of the divided area go on in both."""
    ground = [*get_area(event.code).ranges, *get_area(event.new).ranges]
    follow_map(ground, by=Actor.system("divided area"), at=event.at)
