"""The verbs of the command room."""
