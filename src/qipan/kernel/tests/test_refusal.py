import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.db.models import TextChoices
from django.utils.translation import get_language, ngettext_lazy, override

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import (
    BadInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Refusal,
    every_refusal,
    kept,
    key_of,
    worded,
)


class TooLate(Refusal):
    """The example of these tests."""

    code = "too_late"
    sentence = "It is %(minutes)s minutes too late."


@pytest.mark.parametrize(
    ("refusal", "code", "status"),
    [
        (Refusal(), "refused", 409),
        (NotFound(), "not_found", 404),
        (NotAllowed(act="board.view"), "not_allowed", 403),
        (NotSignedIn(), "not_signed_in", 401),
        (BadInput(), "bad_input", 400),
        (TooLate(minutes=3), "too_late", 409),
    ],
)
def test_each_refusal_has_its_code_and_status(refusal, code, status):
    assert (refusal.code, refusal.status) == (code, status)


def test_the_sentence_names_the_facts_and_the_client_gets_them():
    refusal = TooLate(minutes=3)
    assert str(refusal) == "It is 3 minutes too late."
    assert refusal.data == {"minutes": 3}


def test_missing_and_out_of_scope_read_alike():
    with override("en"):
        assert str(NotFound()) == "There is nothing here, or it lies outside your area."


def test_bad_input_names_every_problem():
    assert BadInput(["line 2: no name", "line 9: no area"]).problems == ["line 2: no name", "line 9: no area"]
    assert BadInput().problems == []


class DoorsAreLeft(Refusal):
    code = "doors_are_left"
    sentence = ngettext_lazy("%(count)s door of %(unit)s", "%(count)s doors of %(unit)s", "count")


@dataclass
class Organ:
    name: str
    name_en: str

    @property
    def label(self) -> str:
        return self.name_en if get_language() == "en" else self.name


def said(row: dict[str, Any] | None, language: str) -> str:
    with override(language):
        return worded(row)


def test_it_is_kept_by_room_and_code_and_worded_for_its_reader() -> None:
    row = json.loads(json.dumps(kept(NotAllowed(act="release.run"))))
    assert (row["code"], row["data"]) == ("kernel.not_allowed", {"act": "release.run"})
    assert said(row, "en") == "Your post does not give the right to do this (release.run)."
    assert said(row, "zh-hans") == "您的岗位没有办理此事的职权（release.run）。"
    assert said(kept(NotFound()), "en") == "There is nothing here, or it lies outside your area."
    assert worded(None) == ""


def test_what_has_a_name_is_said_in_the_language_of_whoever_reads_it() -> None:
    """Not of whoever was refused: the sentence is made when it is read, also of several and of an actor."""
    district, city = Organ("锦江区", "Jinjiang"), Actor(label="市指挥部", label_en="City command")
    with override("zh-hans"):
        told = DoorsAreLeft(count=2, unit=[district, city])
        assert str(told) == "2 doors of 锦江区, 市指挥部"
    with override("en"):
        assert str(told) == "2 doors of Jinjiang, City command"
        assert told.spoken == {"count": 2, "unit": "Jinjiang, City command"}
    row = json.loads(json.dumps(kept(told)))
    assert row["data"]["unit"] == {"zh": "锦江区, 市指挥部", "en": "Jinjiang, City command"}


NOTHING = "There is nothing here, or it lies outside your area."
NOTHING_ZH = "此处没有内容，或不在您的辖区内。"


class Answer(TextChoices):
    NOTHING = "NOTHING", NotFound.sentence


def test_a_word_of_a_list_is_said_in_the_language_of_whoever_reads_it() -> None:
    told = DoorsAreLeft(count=2, unit=Answer.NOTHING)
    row = json.loads(json.dumps(kept(told)))
    assert [said(row, one) for one in ("zh-hans", "en")] == [f"2 doors of {NOTHING_ZH}", f"2 doors of {NOTHING}"]


def test_a_name_is_kept_in_both_languages_and_a_number_chooses_the_plural() -> None:
    told = DoorsAreLeft(count=1, unit=Organ("锦江区", "Jinjiang"), on=date(2026, 1, 2))
    row = json.loads(json.dumps(kept(told)))
    assert row["data"] == {"count": 1, "unit": {"zh": "锦江区", "en": "Jinjiang"}, "on": "2026-01-02"}
    assert said(row, "en") == "1 door of Jinjiang"
    assert said(row | {"data": row["data"] | {"count": 2}}, "zh-hans") == "2 doors of 锦江区"


@pytest.mark.parametrize(
    "row",
    [
        {"words": "as it was said"},  # before codes were kept
        {"code": "gone.long_ago", "data": {}, "words": "as it was said"},
        {"code": "kernel.not_allowed", "data": {"other": 1}, "words": "as it was said"},
    ],
)
def test_what_no_code_says_is_said_as_it_was(row: dict[str, Any]) -> None:
    assert said(row, "en") == "as it was said"


def test_a_code_of_a_room_has_one_sentence() -> None:
    sentences = defaultdict[str, list[str]](list)
    for kind in every_refusal():
        if kind.__module__.startswith("qipan.") and ".tests." not in kind.__module__:
            sentences[key_of(kind)].append(str(kind.sentence))
    assert len(sentences) > 300
    assert {key: found for key, found in sentences.items() if len(set(found)) > 1} == {}
