"""Cells of files that people open in a spreadsheet program."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(text: object) -> str:
    """This function will write a cell so that no spreadsheet program takes a name for a formula and runs it."""
    written = str(text)
    return f"'{written}" if written.startswith(FORMULA) else written
