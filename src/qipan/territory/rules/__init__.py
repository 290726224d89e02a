"""Pure decisions of the territory: division rows, the datum of maps, the shape of a synthetic city."""
