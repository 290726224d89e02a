"""Pure decisions on zones: what a rule set must say, what follows from counts, how two rule sets differ."""
