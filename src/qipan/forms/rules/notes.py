"""What a filled form shows beside its questions: its passport, why it asks for sensitive facts, that it may be refused;
at its end the code of the person whom it is about, and when it was finished."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from .xform import FINISHED, MADE_ONCE, OWN_CODE


@dataclass(frozen=True)
class Shown:
    """What of a passport a client shows, as plain text."""

    number: str
    issuer: str
    approval: str
    basis: str
    purpose: str
    valid_from: datetime
    valid_to: datetime  # the end itself is outside
    reason: str = ""
    approved_by: str = ""


def passport_note(shown: Shown) -> str:
    """This function will write a passport for the top of a form, in both languages (Statistics Law 2024, art. 17)."""
    first, last = f"{shown.valid_from:%Y-%m-%d}", f"{shown.valid_to:%Y-%m-%d %H:%M}"
    lines = [
        f"表号 Form number: {shown.number}",
        f"制定机关 Issuer: {shown.issuer}",
        f"批准或者备案文号 Approval: {shown.approval}",
        f"依据 Basis: {shown.basis}",
        f"目的 Purpose: {shown.purpose}",
        f"有效期 Valid: {first} – {last}",
    ]
    if shown.reason:
        lines.append(f"为什么询问敏感信息 Why sensitive facts are asked: {shown.reason}")
    if shown.approved_by:
        lines.append(f"另一单位批准 Approved by another unit: {shown.approved_by}")
    return "\n".join(lines)


REFUSE = (
    "本表已经过期，您有权拒绝填写。\n"
    "This form has expired. You may refuse to fill it in (统计法第十七条 Statistics Law 2024, art. 17)."
)


def note_rows(shown: Shown, columns: Sequence[str]) -> list[dict[str, str]]:
    """This function will return the rows of the survey sheet that put a passport before the first question.

    ``columns`` are the label columns of the sheet; both languages stand in each, so that nobody can lose one. The
    second row shows itself once the passport has lapsed, offline too.
    """
    labels = list(columns) or ["label"]
    return [
        {"type": "note", "name": "qipan_passport", **dict.fromkeys(labels, passport_note(shown))},
        {
            "type": "note",
            "name": "qipan_refuse",
            **dict.fromkeys(labels, REFUSE),
            "relevant": f"now() >= date-time('{shown.valid_to.isoformat(timespec='seconds')}')",
        },
    ]


OWN = (
    f"本人的查询码 Code of the person: ${{{OWN_CODE}}}\n"
    "请抄给本人：凭此码可在“我的数据”（/my-data）查看所留信息和谁看过，并可更正、要求删除。\n"
    "Write it down for the person: with it one sees on “My data” (/my-data) what is held and who looked, corrects it and "
    "asks for deletion."
)


def own_code_rows(columns: Sequence[str]) -> list[dict[str, str]]:
    """This function will return the rows of the survey sheet that end a form about a person with the person's own code.

    The phone makes it, without a network too; the same stays when the form is changed.
    """
    return [
        {"type": "calculate", "name": OWN_CODE, "calculation": MADE_ONCE},
        {"type": "note", "name": f"{OWN_CODE}_note", **dict.fromkeys(list(columns) or ["label"], OWN)},
    ]


def end_rows(kinds: Iterable[str]) -> list[dict[str, str]]:
    """This function will return the row of the survey sheet by which a client says when a form was finished, none where
    one of these kinds of question says so already.

    So a form that was finished in time is taken when the network is back. When somebody began is asked of nobody.
    """
    said = any(kind.strip().lower() == "end" for kind in kinds)
    return [] if said else [{"type": "end", "name": FINISHED}]
