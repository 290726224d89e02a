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
