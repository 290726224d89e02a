"""The walls of the house, as far as a linter cannot see them."""

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.apps import apps
from django.utils.translation import ngettext, override

from qipan.posture.rules import grades, words
from qipan.warnings.rules import kinds

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "qipan"
FORBIDDEN_NAMES = {"utils", "helpers", "core", "common", "misc", "lib"}


def ranks() -> dict[str, int]:
    """This function will return the height of each room in the house."""
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    lines = [line.strip() for line in config["importlinter:contract:board"]["layers"].split("\n") if line.strip()]
    return {room.strip(): height for height, line in enumerate(reversed(lines)) for room in line.split("|")}


def test_imports_keep_the_contracts():
    outcome = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stdout[-3000:]


def test_foreign_keys_point_down():
    rank, bad = ranks(), []
    for model in apps.get_models():
        if not model.__module__.startswith("qipan."):
            continue
        room = model.__module__.split(".")[1]
        for field in model._meta.get_fields():
            if not field.concrete or not field.is_relation or field.related_model is None:
                continue
            target = field.related_model
            if not target.__module__.startswith("qipan."):
                continue
            to = target.__module__.split(".")[1]
            if to != room and rank[to] >= rank[room]:
                bad.append(f"{room}.{model.__name__}.{field.name} -> {to}.{target.__name__}")
    assert bad == []


def test_no_attic_and_no_long_file():
    files = [path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts]
    assert len(files) > 100
    attics = [str(path) for path in files if FORBIDDEN_NAMES & {part.removesuffix(".py") for part in path.parts[-3:]}]
    assert attics == []
    long = {str(path.relative_to(SOURCE)): n for path in files if (n := len(path.read_text().splitlines())) > 420}
    assert long == {}


def test_every_room_says_what_it_is_for():
    missing = [room for room in ranks() if not (SOURCE / room / "README.md").is_file()]
    assert missing == []


TRANSLATE = re.compile(r"""\{%\s*(?:translate|trans)\s+(["'])(.+?)\1""")
BLOCK = re.compile(
    r"\{%\s*blocktranslate[^%]*%\}(.*?)(?:\{%\s*plural\s*%\}.*?)?\{%\s*endblocktranslate\s*%\}", re.DOTALL
)
PYTHON = re.compile(
    r"""\b(?:_|gettext|gettext_lazy|pgettext|ngettext|ngettext_lazy|counted)\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\s*[,)]"""
)


def sentences(room: Path) -> set[str]:
    """This function will return the English sentences that a room shows to people."""
    found: set[str] = set()
    for path in room.rglob("*.html"):
        text = path.read_text()
        found |= {match[1] for match in TRANSLATE.findall(text)}
        for block in BLOCK.findall(text):
            # Django doubles a plain percent sign before it looks the sentence up.
            found.add(re.sub(r"\{\{\s*(\w+)[^}]*\}\}", r"%(\1)s", block.replace("%", "%%")))
    for path in room.rglob("*.py"):
        if "tests" in path.parts or "migrations" in path.parts:
            continue
        for literal in PYTHON.findall(path.read_text()):
            found.add("".join(part.replace('\\"', '"') for part in re.findall(r'"((?:[^"\\]|\\.)*)"', literal)))
    return found


@pytest.mark.parametrize("room", sorted(path.name for path in SOURCE.iterdir() if path.is_dir()))
def test_every_sentence_stands_in_chinese(room):
    known: set[str] = set()
    for path in SOURCE.glob("*/locale/zh_Hans/LC_MESSAGES/django.po"):
        known |= {entry.msgid for entry in polib.pofile(str(path)) if entry.msgstr or entry.msgstr_plural}
    missing = {s for s in sentences(SOURCE / room) if s.strip() and s not in known and s.strip() not in known}
    assert missing == set()


def test_a_sentence_has_one_chinese_wording():
    """Django reads all rooms' catalogues into one: of two wordings it would show one in both rooms."""
    wordings: dict[tuple[str, str], set[str]] = {}
    for path in SOURCE.glob("*/locale/zh_Hans/LC_MESSAGES/django.po"):
        for entry in polib.pofile(str(path)):
            wording = entry.msgstr or " / ".join(entry.msgstr_plural.values())
            wordings.setdefault((entry.msgctxt or "", entry.msgid), set()).add(wording)
    assert {sentence: words for sentence, words in wordings.items() if len(words) > 1} == {}


def test_a_counted_sentence_stands_in_chinese_for_every_number():
    """A catalogue that does not say how many forms its language has is read as English: two of anything stay English."""
    missing = []
    with override("zh-hans"):
        for path in SOURCE.glob("*/locale/zh_Hans/LC_MESSAGES/django.po"):
            counted = [entry for entry in polib.pofile(str(path)) if entry.msgid_plural]
            missing += [
                one.msgid
                for one in counted
                for n in (1, 2)
                if ngettext(one.msgid, one.msgid_plural, n) != one.msgstr_plural[0]
            ]
    assert missing == []


# What is counted, besides the nouns of the sentences that have a singular already.
COUNTED = set(
    re.findall(
        r"\w+",
        "accounts acts agreements applications attempts buildings bytes calls cases categories cells channels characters cities"
        " compounds copies criteria declarations directives districts drills duties emergencies events fields figures firms forms"
        " guards hazards households inspections letters lists messages months objections offers orders outlines passes persons"
        " photographs playbooks posts proposals ranges registers requisitions residents seconds steps streets subscriptions"
        " versions warnings weeks wishes words workers years",
    )
)
BETWEEN = (
    r"(?:(?!(?:a|and|are|as|at|before|by|for|from|has|in|is|it|its|itself|may|no|not|of|on|only|or|per|than|the|to|until"
    r"|was|were|with)\b)[a-z]+ ){0,2}"
)
# A bound is a number of the code or of the law: more than one.
BOUND = re.compile(
    r"\b(?:at most|more than|longer than|1 (?:and|to)) (?:%\(\w+\)s \w+ (?:and|of|or) )?$", re.IGNORECASE
)
NEVER_ONE = {
    "%(hours)s working hours": "told with a decimal, as 1.0 hours",
    "%(admitted)s working hours": "told with a decimal, as 1.0 hours",
    "%(megapixels)s million points": "a bound",
    "After %(days)s days without one": "a bound",
    "for %(least)s days or more": "a bound",
    "from today to %(days)s days ahead": "a bound",
    "The newest %(shown)s are shown": "a bound",
    "%(speed)s times as fast": "a clock that is not faster has a sentence of its own",
    "%(owner)s answers for this": "no noun",
}


def without_a_singular(entries: list[tuple[str, str]], nouns: set[str]) -> list[str]:
    """This function will return the sentences, given with their plural, that count and say the plural of one as well."""
    number = re.compile(rf"(?:%\(\w+\)s|\{{\w+\}}) {BETWEEN}(?:{'|'.join(sorted(nouns))})\b")
    verb = re.compile(r"(?<!of )%\(\w+\)s (?:are|have|were)\b")
    return [
        one
        for one, many in entries
        for said in [re.sub("|".join(map(re.escape, NEVER_ONE)), "", one)]
        if any(not BOUND.search(said[: found.start()]) for found in number.finditer(said))
        or (not many and verb.search(said))
    ]


def test_a_sentence_that_counts_has_a_singular():
    """English says "1 door": by ``ngettext`` and ``blocktranslate count``, or by words such as "doors: 1"."""
    entries = [
        (entry.msgid, entry.msgid_plural)
        for path in sorted(SOURCE.glob("*/locale/zh_Hans/LC_MESSAGES/django.po"))
        for entry in polib.pofile(str(path))
    ]
    words = re.compile(r"[a-z]{3,}")
    learned = {word for one, many in entries for word in set(words.findall(many)) - set(words.findall(one))}
    nouns = COUNTED | {word for word in learned if word.endswith("s")} | {"people"}
    assert {"areas", "doors", "entries", "visits"} <= learned
    assert without_a_singular(entries, nouns) == []
    assert [one for one in NEVER_ONE if not any(one in said for said, _many in entries)] == []
    assert without_a_singular(
        [
            ("%(n)s doors", ""),
            ("%(n)s of %(of)s settled doors", ""),
            ("{n} entries", ""),
            ("%(n)s door in %(of)s compounds", "%(n)s doors in %(of)s compounds"),
            ("%(n)s are held", ""),
            ("At most %(most)s doors; %(n)s people", ""),
            # none of these:
            ("%(n)s door", "%(n)s doors"),
            ("doors: %(n)s", ""),
            ("At most %(most)s doors", ""),
            ("%(of)s is one of the doors", ""),
        ],
        nouns,
    ) == [
        "%(n)s doors",
        "%(n)s of %(of)s settled doors",
        "{n} entries",
        "%(n)s door in %(of)s compounds",
        "%(n)s are held",
        "At most %(most)s doors; %(n)s people",
    ]
    beside = re.compile(
        rf"\}}\}}\s*(?:</\w+>\s*)*\{{%\s*(?:translate|trans)\s+[\"']{BETWEEN}(?:{'|'.join(sorted(nouns))})\b[^%]*"
    )
    assert beside.search('{{ n }}</b> {% translate "doors left" %}')
    found = [f"{path.name}: {said}" for path in SOURCE.rglob("*.html") for said in beside.findall(path.read_text())]
    assert found == []


HALF_WIDTH = re.compile(r"[\u3400-\u9fff、。，；：？！”’）】》][,;:?!]|[,;:?!][\u3400-\u9fff“‘（【《]")


def test_chinese_sentences_have_their_own_marks():
    """A comma, colon or the like beside Chinese is as wide as a character; in codes, times and addresses it is not."""
    found = []
    for path in sorted(SOURCE.glob("*/locale/zh_Hans/LC_MESSAGES/django.po")):
        for entry in polib.pofile(str(path)):
            for said in (entry.msgstr, *entry.msgstr_plural.values()):
                if HALF_WIDTH.search(said):
                    found.append(f"{path.relative_to(SOURCE).parts[0]}: {said}")
    assert found == []


WAR = re.compile(r"\b(war|wartime|combat|battle|army|soldier|warroom|war-room)\b", re.IGNORECASE)


NAMING = {"label", "shown", "name_en"}


def test_no_refusal_puts_a_name_into_its_data():
    """What has a name in two languages is given itself (or ``later``): the sentence is made when it is read."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        if "tests" in path.parts or "raise " not in (text := path.read_text()):
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
                continue
            for part in (part for given in node.exc.keywords for part in ast.walk(given.value)):
                named = isinstance(part, ast.Attribute) and (part.attr in NAMING or part.attr.endswith("_label"))
                said = isinstance(part, ast.Call) and ast.unparse(part.func).endswith(("_label", "gettext"))
                if named or said:
                    found.append(f"{path.relative_to(SOURCE)}:{node.lineno}: {ast.unparse(part)}")
    assert found == []


def test_each_hazard_is_one_that_a_declaration_knows():
    """Warnings and grades of measures name hazards in files of their own; a wrong one would tie them to nothing."""
    known = set(words("hazards"))
    assert {kind.hazard for kind in kinds().values()} - {""} <= known
    assert {hazard for _kind, hazard in grades()} <= known


def test_words_of_war_and_labels_on_people_stay_out():
    """Vocabulary contract of docs/glossary.md, in code, templates and catalogues."""
    bad = []
    for path in [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html"), *SOURCE.rglob("*.po"), *SOURCE.rglob("*.json")]:
        if "built" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        if WAR.search(text) or "作战" in text or "战时" in text or "重点人员" in text or "重点人群" in text:
            bad.append(str(path.relative_to(SOURCE)))
    assert bad == []
