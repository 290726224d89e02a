"""What the room does when areas are merged or split, or closed by an import."""

from qipan.kernel.actor import Actor
from qipan.territory.api import AreaMerged, AreasClosed, AreaSplit, get_area

from .actions.moving import follow_map, leave_closed


def on_area_merged(event: AreaMerged) -> None:
    """This handler will let the levels of the merged area go on in the one that remains."""
    follow_map(get_area(event.into).ranges, by=Actor.system("merged area"), at=event.at)


def on_area_split(event: AreaSplit) -> None:
    """This handler will let the level of the divided area go on in both."""
    ground = [*get_area(event.code).ranges, *get_area(event.new).ranges]
    follow_map(ground, by=Actor.system("divided area"), at=event.at)


def on_areas_closed(event: AreasClosed) -> None:
    """This handler will end the levels of areas that the map has no more, where nobody owns their ground."""
    leave_closed(event.codes, by=Actor.system("closed area"), at=event.at)
