"""What the converter complains of, said in the reader's language with sheet and row first.

The converter speaks English only. Its frequent complaints are known here by their words; of any other one the sheet
and row are said in the reader's language and its own sentence follows.
"""

import re
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_ROW = re.compile(r"\[row : ?(\d+)\]\s*")
_SHEET = re.compile(
    r"the '(survey|choices|entities|settings|external_choices)' sheet|sheet: '(\w+)'|in (choices) sheet"
)
_KNOWN: tuple[tuple[str, Promise], ...] = (
    (r"Unknown question type '(?P<what>[^']*)'", _("no question type is called “%(what)s”")),
    (r"Question with no type", _("the column type is empty")),
    (r"Question or group with no name", _("the column name is empty")),
    (r"named '(?P<what>[^']+)' has no label or hint", _("the question “%(what)s” has no label")),
    (
        r"'name' value '(?P<what>[^']+)' is invalid\. (Questions|Repeat names must unique)",
        _("the name “%(what)s” stands twice"),
    ),
    (
        r"'(?P<what>[\w:]+)' value is invalid\. Names must begin",
        _("a name begins with a letter and holds only letters, digits, underscores, hyphens and dots (column %(what)s)"),
    ),
    (r"Choices should have a label", _("the choice has no label")),
    (r"Choices must have a name", _("the choice has no name")),
    (r"Choice names must be unique", _("the name of the choice stands twice in its list")),
    (r"List name not in choices sheet: (?P<what>[^.]+)", _("the list of choices “%(what)s” is missing")),
    (r"There should be a choices sheet", _("the sheet choices is missing")),
    (
        r"Could not find the name '(?P<what>[^']+)'|Could not find '(?P<what2>[^']+)'",
        _("it refers to “%(what)s”, which is no question of this form"),
    ),
    (r"Unmatched 'begin_(?P<what>\w+)'", _("what begins here (%(what)s) does not end")),
    (r"Unmatched 'end_(?P<what>\w+)'", _("what ends here (%(what)s) did not begin")),
    (r"Missing calculation", _("the calculation is missing")),
    (r"must have a sheet named 'survey'", _("the sheet survey is missing")),
    (r"column headers were not found: (?P<what>[^.]+)", _("columns are missing: %(what)s")),
    (r"same column were found: (?P<what>[^.]+)", _("two columns mean the same: %(what)s")),
    (r"Duplicate column header: (?P<what>.+)", _("the column %(what)s stands twice")),
    (r"section has not been included", _("include is not supported: put the questions into the sheet")),
    (
        r"was not recognized as a supported type|unexpected keyword argument|Error reading \.\w+ file",
        _("the file is no XLSForm: XLSX, XLS, CSV or a Markdown table with the sheet survey"),
    ),
    (r"has no label: |has no label\b", _("the group has no label")),
    (r"Labels and hints in.+missing|Missing translations?:?(?P<what>.*)", _("translations are missing: %(what)s")),
    (r"Row without name, text, or label is being skipped", _("the row is empty but for its type and is left out")),
)  # fmt: skip


def explained(complaint: str, *, inserted: int = 0) -> str:
    """This function will say a complaint of the converter to people: where, what, and its own words.

    ``inserted`` is how many rows were put before the author's first one: rows are counted as the author sees them.
    """
    where = []
    if found := _SHEET.search(complaint):
        where.append(str(_("sheet %(sheet)s") % {"sheet": next(filter(None, found.groups()))}))
    if found := _ROW.search(complaint):
        where.append(str(_("row %(row)s") % {"row": max(int(found[1]) - inserted, 1)}))
    plain = " ".join(_ROW.sub("", complaint).split())[:400]
    for pattern, sentence in _KNOWN:
        if found := re.search(pattern, complaint):
            named = found.groupdict()
            what = (named.get("what") or named.get("what2") or "").strip()
            said = str(sentence % {"what": what} if "%(what)s" in str(sentence) else sentence)
            return f"{', '.join(where)}: {said}" if where else said
    return f"{', '.join(where)}: {plain}" if where else plain


def located(complaint: str, rows: Mapping[str, int]) -> str:
    """This function will add the row to a complaint that names a question or a type but not its row.

    ``rows`` are names and types of questions with their row in the survey sheet.
    """
    if _ROW.search(complaint):
        return complaint
    named = next((rows[word] for word in re.findall(r"'([^']+)'", complaint) if word in rows), None)
    return complaint if named is None else f"[row : {named}] On the 'survey' sheet: {complaint}"
