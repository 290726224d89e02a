"""The verbs of the desk that write."""
