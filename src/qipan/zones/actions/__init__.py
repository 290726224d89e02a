"""The verbs of the room: rule sets, daily counts, and the levels that an official confirms."""
