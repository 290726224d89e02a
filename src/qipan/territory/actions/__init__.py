"""The verbs that change the territory: import, merge and split, outlines, register, denominators."""
