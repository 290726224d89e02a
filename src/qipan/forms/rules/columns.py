"""Answers in the column order of another system: each column is a question, a fact of the submission, or a constant."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_COLUMNS = 200
# What a submission knows beside its answers.
FACTS = ("@place", "@received", "@version", "@id")
_LINE = re.compile(r"(?P<header>[^=]{1,120}?)\s*=\s*(?P<what>.{1,400})")


@dataclass(frozen=True)
class Column:
    """A column as another system calls it, and what stands in it."""

    header: str
    path: str = ""  # of a question, or a fact ("@place")
    text: str = ""  # a constant


def read_columns(lines: str, *, paths: Mapping[str, str]) -> tuple[list[Column], list[str]]:
    """This function will read a column order, one column a line: ``header = what``.

    ``what`` is the name, the path or the field of a question, a fact (``@place``), or a constant in quotation marks.
    ``paths`` lead from each of these words to the path. Returns the columns, and the lines that cannot be read.
    """
    columns: list[Column] = []
    wrong: list[str] = []
    seen: set[str] = set()
    for line in filter(None, (one.strip() for one in lines.splitlines())):
        found = _LINE.fullmatch(line)
        header, what = (found["header"].strip(), found["what"].strip()) if found else ("", "")
        if not header or header in seen or len(columns) >= MOST_COLUMNS:
            wrong.append(line[:120])
        elif len(what) > 1 and what[0] == what[-1] and what[0] in "\"'":
            columns.append(Column(header, text=what[1:-1]))
        elif what in FACTS:
            columns.append(Column(header, path=what))
        elif what in paths:
            columns.append(Column(header, path=paths[what]))
        else:
            wrong.append(line[:120])
        seen.add(header)
    return columns, wrong


def write_columns(columns: Sequence[Mapping[str, str]]) -> str:
    """This function will write a stored column order as it is typed."""
    return "\n".join(
        f"{one['header']} = {one['path']}" if one.get("path") else f'{one["header"]} = "{one["text"]}"'
        for one in columns
    )


def answer_at(answers: Any, path: str) -> str:
    """This function will return the answer of a question by its path; several of a repeat are joined by "; "."""
    found: list[Any] = [answers]
    for step in path.strip("/").split("/")[1:]:
        found = [
            child
            for one in found
            for child in (one if isinstance(one, list) else [one])
            if isinstance(child, Mapping)
            for child in [child.get(step)]
            if child is not None
        ]
    flat = [item for one in found for item in (one if isinstance(one, list) else [one])]
    return "; ".join(str(one) for one in flat if one not in ("", None) and not isinstance(one, Mapping))
