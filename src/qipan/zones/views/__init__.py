"""Pages of the room: levels on the map and by day, one area, counts, proposals, rule sets, what if, and for everybody."""
