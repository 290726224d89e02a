"""What the units do when areas are merged or split."""

from qipan.territory.api import AreaMerged, AreaSplit

from .actions.organs import merge_units, split_units


def on_area_merged(event: AreaMerged) -> None:
    """This function will end the units of the merged area."""
    merge_units(event.code, into=event.into, on=event.on, at=event.at)


def on_area_split(event: AreaSplit) -> None:
    """This function will give the new area its unit."""
    split_units(event.code, new=event.new, on=event.on)
