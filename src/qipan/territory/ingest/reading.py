"""Reading text files from other houses: their encoding, their columns, their bad lines."""

import codecs
import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qipan.kernel.refusal import BadInput

CHUNK = 1 << 20


class Problems:
    """The bad lines of one input, each with its number and reason; the list stops at ``LIMIT``."""

    LIMIT = 200

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, line: int, reason: str) -> None:
        """This method will note one bad line; raises ``BadInput`` at once when there are too many to list."""
        self.found.append(_("Line %(line)s: %(reason)s") % {"line": line, "reason": reason} if line else reason)
        if len(self.found) >= self.LIMIT:
            raise BadInput(
                [*self.found, _("More than %(limit)s bad lines; reading stopped here.") % {"limit": self.LIMIT}]
            )

    def check(self) -> None:
        """This method will raise ``BadInput`` if any line was bad."""
        if self.found:
            raise BadInput(self.found)


def _decodes(path: Path, encoding: str) -> int | None:
    """This function will return the number of the first line that is not ``encoding``; None when all are."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line = 1
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            try:
                line += decoder.decode(chunk).count("\n")
            except UnicodeDecodeError as error:
                return line + error.object[: error.start].count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line
    return None


def detect_encoding(path: Path) -> str:
    """This function will return the encoding of a whole file: UTF-8, UTF-8 with a mark, or GB18030.

    Raises ``BadInput`` for a missing or an empty file, and for any other encoding, naming the first bad line.
    """
    try:
        with path.open("rb") as file:
            head = file.read(CHUNK)
    except OSError as error:
        raise BadInput([_("The file %(name)s cannot be read.") % {"name": path.name}]) from error
    if not head.strip():
        raise BadInput([_("The file %(name)s is empty.") % {"name": path.name}])
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in head:
        raise BadInput([_("The file is neither UTF-8 nor GB18030 text; please save it as CSV in UTF-8.")])
    bad = _decodes(path, "utf-8")
    if bad is None:
        return "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"
    if head.startswith(codecs.BOM_UTF8) or _decodes(path, "gb18030") is not None:
        raise BadInput([_("The file is neither UTF-8 nor GB18030 text: line %(line)s cannot be read.") % {"line": bad}])
    return "gb18030"


def read_lines(
    path: Path, columns: Mapping[str, tuple[str, ...]], required: tuple[str, ...], problems: Problems
) -> Iterator[tuple[int, list[str]]]:
    """This function will read a CSV file as (line number, values in the order of ``columns``), never holding it.

    ``columns`` names each column and the headings it may have; a column that is not ``required`` and not
    there reads as empty. Raises ``BadInput`` for a wrong encoding, a missing column or broken quoting.
    """
    with path.open(encoding=detect_encoding(path), newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            heading = [title.strip().lower() for title in next(reader, [])]
            places = []
            for column, titles in columns.items():
                place = next((heading.index(title) for title in (column, *titles) if title in heading), -1)
                if place < 0 and column in required:
                    problems.add(1, _("The column “%(column)s” is missing.") % {"column": column})
                places.append(place)
            problems.check()
            width = len(heading)
            for row in reader:
                if len(row) == width:
                    yield reader.line_num, [row[place].strip() if place >= 0 else "" for place in places]
                elif row:
                    problems.add(
                        reader.line_num,
                        ngettext(
                            "It has %(found)s column, not %(wanted)s.",
                            "It has %(found)s columns, not %(wanted)s.",
                            len(row),
                        )
                        % {"found": len(row), "wanted": width},
                    )
        except csv.Error as error:
            problems.add(reader.line_num, _("The quoting is broken (%(error)s).") % {"error": error})
    problems.check()
