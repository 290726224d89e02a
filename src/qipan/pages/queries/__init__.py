"""Reading for the board: one snapshot per tick, from which every level is summed."""
