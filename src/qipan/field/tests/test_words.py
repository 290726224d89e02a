"""How the phone's script says counted sentences: in the form that the language has for the number."""

import pytest
from django.utils.translation import override

from qipan.field.views.phone import words

from .conftest import run_script

SAID = [
    ("times", {"count": 1}),
    ("times", {"count": 2}),
    ("waiting", {"count": 0}),
    ("waiting", {"count": 1}),
    ("waiting", {"count": 21}),
    ("lacks", {"count": 1}),
    ("missing", {"count": 1}),
    ("missing", {"count": 3}),
    ("other_post", {"count": 1, "post": "Street office"}),
    ("begun", {"count": 1}),
    ("left", {"left": 1, "doors": 10}),
    ("all_done", {}),
]
TOLD = {
    "en": [
        "1 visit",
        "2 visits",
        "0 reports wait for a network.",
        "1 report waits for a network.",
        "21 reports wait for a network.",
        "1 answer is missing or not right; see beside it.",
        "1 entry was missing on the server; it is sent again.",
        "3 entries were missing on the server; they are sent again.",
        "1 entry of another post (Street office) waits on this phone; sign in as that post to send it.",
        "1 begun",
        "1 of 10 left",
        "Every door here is settled for this round.",
    ],
    "zh-hans": [
        "已走访1次",
        "已走访2次",
        "有 0 件上报事项等待联网。",
        "有 1 件上报事项等待联网。",
        "有 21 件上报事项等待联网。",
        "还有1项未填或填写有误，请看各题旁的提示。",
        "服务器缺少 1 条，已重新发送。",
        "服务器缺少 3 条，已重新发送。",
        "本机另有 1 条属于另一岗位（Street office）的记录待发；请以该岗位登录后发送。",
        "1份未填完",
        "余1 / 10户",
        "本轮这里的每一户都已落实。",
    ],
}


@pytest.fixture(scope="module")
def told() -> dict[str, list[str]]:
    order = {}
    for language in TOLD:
        with override(language):
            order[language] = {"words": words(), "said": SAID}
    said: dict[str, list[str]] = run_script("words", order)
    return said


@pytest.mark.parametrize("language", TOLD)
def test_a_counted_sentence_agrees_with_its_number(told: dict[str, list[str]], language: str) -> None:
    assert told[language] == TOLD[language]
