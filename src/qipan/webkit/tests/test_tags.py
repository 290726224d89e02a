import json

import pytest
from django.template import engines
from django.utils.translation import override

from qipan.webkit import manifest


def shown(source, lang="en", **context):
    with override(lang):
        return engines["django"].from_string(source).render(context)


@pytest.mark.parametrize(
    ("value", "english", "chinese", "short", "kurz"),
    [
        (0, "0", "0", "0", "0"),
        (1234, "1,234", "1,234", "1,234", "1,234"),
        (8_750_000, "8,750,000", "8,750,000", "8.75 M", "875万"),
        (123_456_789, "123,456,789", "123,456,789", "123.46 M", "1.23亿"),
        (None, "–", "–", "–", "–"),
    ],
)
def test_a_count_is_grouped_by_thousands_or_said_as_people_say_it(value, english, chinese, short, kurz):
    exact, said = "{{ n|figure }}", '{{ n|figure:"short" }}'
    assert [shown(exact, n=value), shown(exact, "zh-hans", n=value)] == [english, chinese]
    assert [shown(said, n=value), shown(said, "zh-hans", n=value)] == [short, kurz]


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(62, 100, "62.0 %"), (9999, 10000, "99.9 %"), (0, 5, "0.0 %"), (0, 0, "–"), (None, 5, "–")],
)
def test_a_rate_has_one_decimal_and_says_of_what(part, whole, text):
    written = shown("{% percent part whole %}", part=part, whole=whole)
    assert f">{text}</span>" in written
    if part == 9999:
        assert 'title="9,999 / 10,000"' in written


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [(42, "42 s", "42 秒"), (185, "3 min 5 s", "3 分 5 秒"), (7800, "2 h 10 min", "2 小时 10 分"), (None, "–", "–")],
)
def test_a_lead_time_reads_well(seconds, english, chinese):
    assert shown("{{ n|minutes }}", n=seconds) == english
    assert shown("{{ n|minutes }}", "zh-hans", n=seconds) == chinese


def test_levels_and_places_are_written_as_the_law_and_the_code_do():
    assert shown("{{ 4|roman }} {{ 3|roman }}") == "IV III"
    assert shown("{{ n|place }}", n=5101040010010010001) == "5101040010010010001"


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A build of one entry with a shared chunk."""
    path = tmp_path / "manifest.json"
    path.write_text(
        json.dumps(
            {
                "src/a.ts": {"file": "assets/a-1.js", "imports": ["_s.js"], "css": ["assets/a-1.css"]},
                "_s.js": {"file": "assets/s-1.js", "css": ["assets/s-1.css"]},
            }
        )
    )
    monkeypatch.setattr(manifest, "MANIFEST", path)
    monkeypatch.setattr(manifest, "_cached", (0, {}))
    return path


def test_an_entry_loads_its_styles_what_it_imports_and_itself(built):
    assert shown('{% entry "a" %}').split("\n") == [
        '<link rel="stylesheet" href="/static/built/assets/s-1.css">',
        '<link rel="stylesheet" href="/static/built/assets/a-1.css">',
        '<link rel="modulepreload" href="/static/built/assets/s-1.js">',
        '<script type="module" src="/static/built/assets/a-1.js"></script>',
    ]
    assert shown('{% entry "a" blocking=True %}') == '<script src="/static/built/assets/a-1.js"></script>'


def test_an_unknown_entry_is_a_bug_that_says_what_to_do(built):
    with pytest.raises(manifest.EntryMissing, match="scripts/frontend"):
        shown('{% entry "b" %}')


def test_without_a_build_pages_still_show_and_say_so(tmp_path, monkeypatch, client, db):
    monkeypatch.setattr(manifest, "MANIFEST", tmp_path / "none.json")
    assert shown('{% entry "a" %}') == ""
    page = client.get("/accounts/login/").content.decode()
    assert "前端尚未构建" in page
