"""Text as people send it: what a word processor or a hostile client puts between the letters."""

import re

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # what XML 1.0 cannot hold, and DEL
_BREAK = str.maketrans("\x0b\x0c", "\n\n")  # line and page break within a paragraph


def plain_text(text: str) -> str:
    """This function will return a text without control characters; a break that was pasted is an end of line.

    Whatever is kept can then be written into XML 1.0 (2.2): feeds, warnings, spreadsheets.
    """
    return CONTROL.sub("", text.translate(_BREAK)) if CONTROL.search(text) else text
