"""What may be asked: every question is a field of the dictionary, nobody is asked twice, red lines hold.

Ethnicity and religion are not in the field library, nobody is asked how they are in mind, and nothing measures whoever
fills a form in (users.md, red lines 4, 7 and 9).
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..terms import Sensitivity, Subject
from .workbooks import Question

MUST_REUSE = 0.6  # SVC-10: a form of which so much is asked or held already is not published

# What a red line keeps out, in a name, a label, a hint or a choice. 民族路 and the like are addresses, not a question.
# Words are a help to whoever writes a form in good faith, and no proof: who approves and publishes it reads it.
_RED = re.compile(
    r"民族(?!路|街|大道|社区|村|小区|园|团结)|族别|族裔|种族|血统|(哪一?个?|什么|何)族|宗教|信仰|教派|佛教|道教|基督教|天主教|伊斯兰教"
    r"|信教|信佛|教徒|穆斯林|(哪一?个|什么)教(?!育|室|学|师|材|练|程|具)"
    r"|\bethnic|\bethnicity|\breligio|\bfaith\b|\bworship|\bdenomination\b|\brace\b|\bskin colou?r"
    r"|\btribe|\bancestry\b|\bminority group|\b(which|what) people do\b|\bmuslim|\bbuddhis|\bchristian|\bislam",
    re.I,
)
# How somebody is in mind is told to who listens, in a referral, and stands in no answer that an office reads.
_SEALED = re.compile(
    r"心理(状况|状态|评估|测评|记录|咨询|辅导|健康|问题|疾病|障碍)|精神(状况|状态|疾病|障碍|病史)|情绪(状况|状态|记录)"
    r"|抑郁|焦虑|自杀|自残|轻生"
    r"|\bpsycholog\w* (note|record|state|assessment|condition|problem)|\bcounsell?ing (note|record)"
    r"|\bmental (state|health|illness|condition|disorder)|\bdepress(ed|ive)\b|\banxi(ety|ous)\b|\bsuicid|\bself.?harm",
    re.I,
)
# One such name is a street or a restaurant; two in one list are a question for ethnicity. 阿坝藏族羌族自治州 is a place.
_PEOPLE = (
    "(汉|蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|纳西|景颇|柯尔克孜|土"
    "|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|京|塔塔尔|独龙|鄂伦春|赫哲"
    "|门巴|珞巴|基诺)族"
)
_PEOPLES = re.compile(f"{_PEOPLE}(?!({_PEOPLE})*(自治|乡|镇|村|街|路))")
_SENSITIVE: Mapping[Sensitivity, re.Pattern[str]] = {
    Sensitivity.IDENTITY: re.compile(
        r"身份证|证件号|护照号|\bid.?card|\bidentity (card|number|no)|\bnational.?id\b|\bpassport (number|no)", re.I
    ),
    Sensitivity.WHEREABOUTS: re.compile(r"行踪|行程|轨迹|去过|旅居|\bwhereabouts|\btravel history|\bbeen to\b", re.I),
    Sensitivity.HEALTH: re.compile(
        r"体温|症状|发热|病史|患病|确诊|健康状况|用药|残疾|孕妇|核酸|疫苗"
        r"|\bhealth\b|\bfever|\bsymptom|\btemperature of|\bdiagnos|\bdisease|\billness|\bpregnan|\bvaccin|\bdisabilit",
        re.I,
    ),
    Sensitivity.FINANCE: re.compile(
        r"收入|存款|负债|银行卡|工资|贷款|\bincome|\bsalary|\bbank account|\bdebt|\bsavings\b|\bloan", re.I
    ),
    Sensitivity.MINOR: re.compile(r"未成年|儿童姓名|十四岁|14 ?岁|\bunder.?14|\bminor'?s? name|\bchild'?s name", re.I),
}
# What a client fills in by itself, such as when the form was finished, which each form says; the last ones would follow
# or time whoever fills it in.
UNASKED = {"note", "calculate", "hidden", "today", "end", "xml-external", "csv-external"}
MEASURING = {
    "audit", "background-audio", "background-geopoint", "deviceid", "device id", "email", "geoshape", "geotrace",
    "imei", "phonenumber", "phone number", "simserial", "sim serial", "start", "start-geopoint", "subscriberid",
    "subscriber id", "username", "uri:deviceid", "uri:phonenumber", "uri:simserial", "uri:subscriberid", "uri:username",
    "uri:email",
}  # fmt: skip


class Fault(StrEnum):
    """Why a question keeps a form from being published."""

    RED = "RED"
    SEALED = "SEALED"
    MEASURES = "MEASURES"
    UNMAPPED = "UNMAPPED"
    UNKNOWN = "UNKNOWN"
    DOUBLE = "DOUBLE"
    SENSITIVE_WORDS = "SENSITIVE_WORDS"
    PERSON_FIELD = "PERSON_FIELD"
    IN_REPEAT = "IN_REPEAT"
    PICTURE = "PICTURE"


@dataclass(frozen=True)
class Entry:
    """A field of the dictionary, as far as rules ask."""

    code: str
    about: str
    sensitivity: str
    held: bool


@dataclass(frozen=True)
class Problem:
    """What is wrong with a question: its row in the survey sheet, its name, and the fault."""

    row: int
    name: str
    fault: Fault
    detail: str = ""


def asked(question: Question) -> bool:
    """This function will say whether a question wants an answer from somebody."""
    return question.kind.lower() not in UNASKED


def red_words(words: Iterable[str]) -> str:
    """This function will return the first word by which a question, or a list beside it, asks for ethnicity or religion,
    else "".
    """
    texts = list(words)
    for text in texts:
        if found := _RED.search(text.replace("_", " ")):
            return found[0]
    peoples = {found[0] for text in texts for found in _PEOPLES.finditer(text)}
    return "、".join(sorted(peoples)) if len(peoples) > 1 else ""


def sealed_words(words: Iterable[str]) -> str:
    """This function will return the first word by which a question asks how somebody is in mind, else "" (red line 7)."""
    found = (_SEALED.search(text.replace("_", " ")) for text in words)
    return next((one[0] for one in found if one), "")


def sensitive_words(question: Question) -> dict[Sensitivity, str]:
    """This function will return which sensitive facts the words of a question ask for, each with its word."""
    texts = (*question.labels.values(), *question.hints.values(), *question.around)
    said = " ".join((question.name.replace("_", " "), *texts))
    return {kind: found[0] for kind, pattern in _SENSITIVE.items() if (found := pattern.search(said))}


def problems_of(
    questions: Iterable[Question], entries: Mapping[str, Entry], *, subject: str, pictures: Collection[str] = ()
) -> list[Problem]:
    """This function will name everything that keeps a form with these questions from being published, by row.

    ``entries`` are the fields in force by code. A field about a person makes a form one about persons, so that the
    standing posture (EMG-19) cannot be passed by calling a form one about doors. ``pictures`` are the paths of
    photographs and films that could not be left out.
    """
    found: list[Problem] = []
    seen: dict[str, int] = {}
    for one in questions:
        if word := red_words(one.words):
            found.append(Problem(one.row, one.name, Fault.RED, word))
            continue
        if word := sealed_words(one.words):
            found.append(Problem(one.row, one.name, Fault.SEALED, word))
            continue
        if one.kind.lower() in MEASURING:
            found.append(Problem(one.row, one.name, Fault.MEASURES, one.kind))
            continue
        if one.path in pictures:
            found.append(Problem(one.row, one.name, Fault.PICTURE, one.name))
        if not asked(one):
            continue
        if not one.field:
            found.append(Problem(one.row, one.name, Fault.UNMAPPED))
            continue
        entry = entries.get(one.field)
        if entry is None:
            found.append(Problem(one.row, one.name, Fault.UNKNOWN, one.field))
            continue
        if one.field in seen:
            found.append(Problem(one.row, one.name, Fault.DOUBLE, one.field))
        seen.setdefault(one.field, one.row)
        if entry.about == Subject.PERSON != subject:
            found.append(Problem(one.row, one.name, Fault.PERSON_FIELD, one.field))
        if entry.held and one.repeated:
            found.append(Problem(one.row, one.name, Fault.IN_REPEAT, one.field))
        words = sensitive_words(one)
        if words and entry.sensitivity == Sensitivity.NONE:
            found.append(Problem(one.row, one.name, Fault.SENSITIVE_WORDS, next(iter(words.values()))))
    return found


@dataclass(frozen=True)
class Overlap:
    """How much of a form is known already."""

    fields: int
    held: tuple[str, ...]  # by a register
    asked: tuple[str, ...]  # by another valid form, and not held

    @property
    def known(self) -> int:
        """How many of the fields are held or asked elsewhere."""
        return len(self.held) + len(self.asked)

    @property
    def share(self) -> float:
        """The part of the fields that is held or asked elsewhere, from 0 to 1."""
        return self.known / self.fields if self.fields else 0.0

    @property
    def share_asked(self) -> float:
        """The part that other forms ask, of the fields that this form would really ask, from 0 to 1."""
        left = self.fields - len(self.held)
        return len(self.asked) / left if left else 0.0

    def must_reuse(self, *, reuse: bool) -> bool:
        """This method will say whether the form must reuse what is known before it is published (SVC-10).

        Without reuse: when 60 % or more is known, or any field is held. With it, what is held is filled in and not
        asked; then 60 % of what is left must not be asked by another valid form.
        """
        if reuse:
            return self.share_asked >= MUST_REUSE
        return bool(self.held) or self.share >= MUST_REUSE


def overlap(codes: Sequence[str], *, held: Collection[str], elsewhere: Collection[str]) -> Overlap:
    """This function will compare the fields of a form with what is held and with what other valid forms ask."""
    distinct = list(dict.fromkeys(codes))
    return Overlap(
        fields=len(distinct),
        held=tuple(code for code in distinct if code in held),
        asked=tuple(code for code in distinct if code in elsewhere and code not in held),
    )


def missing_translations(questions: Iterable[Question], languages: Sequence[str]) -> list[tuple[int, str, str]]:
    """This function will list row, name and language of each question that lacks a label in a language of the form."""
    return [
        (one.row, one.name, language)
        for one in questions
        if one.labels and asked(one)
        for language in languages
        if not one.labels.get(language)
    ]
