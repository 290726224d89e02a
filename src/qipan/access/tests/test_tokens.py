"""Pass tokens: what is signed holds, and nothing else does. No database."""

import base64
import json
import zlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.access.rules import Claim, NotAPass, PassExpired, claim_of, collect_settings, token_of
from qipan.kernel.place import Range, range_of

END = datetime(2020, 5, 1, 12, tzinfo=UTC)
BEFORE = END - timedelta(seconds=1)
CLAIM = Claim(UUID(int=7), "screening-worker", 12, 3, (range_of("510104001001"),), END, "排查一组01")
TOKEN = token_of(CLAIM, key="k1")


def test_a_token_says_all_that_a_request_needs():
    assert claim_of(TOKEN, keys=["k1"], at=BEFORE) == CLAIM


@given(
    st.builds(
        Claim,
        serial=st.uuids(),
        role=st.text(max_size=40),
        unit=st.integers(1, 2**31),
        team=st.none() | st.integers(1, 2**40),
        ranges=st.lists(st.builds(Range, st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1)), max_size=3).map(tuple),
        expires_at=st.just(END),
        label=st.text(max_size=60),
    )
)
def test_every_claim_comes_back_as_it_was(claim):
    assert claim_of(token_of(claim, key="k"), keys=["k"], at=BEFORE) == claim


def test_a_token_is_short_enough_for_a_small_qr_code():
    assert len(TOKEN) < 140
    assert TOKEN.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("position", range(len(TOKEN)))
def test_one_changed_letter_is_refused(position):
    other = "A" if TOKEN[position] != "A" else "B"
    changed = TOKEN[:position] + other + TOKEN[position + 1 :]
    with pytest.raises(NotAPass):
        claim_of(changed, keys=["k1"], at=BEFORE)


@given(st.text(max_size=200))
def test_anything_else_is_refused(text):
    with pytest.raises(NotAPass):
        claim_of(text, keys=["k1"], at=BEFORE)


def test_a_token_of_another_key_is_refused():
    with pytest.raises(NotAPass):
        claim_of(TOKEN, keys=["k2"], at=BEFORE)
    with pytest.raises(NotAPass):
        claim_of(TOKEN, keys=[], at=BEFORE)


def test_a_token_of_the_key_before_holds_while_it_is_kept():
    assert claim_of(TOKEN, keys=["k2", "k1"], at=BEFORE) == CLAIM


def test_a_pass_ends_to_the_second():
    with pytest.raises(PassExpired):
        claim_of(TOKEN, keys=["k1"], at=END)
    with pytest.raises(PassExpired):
        claim_of(TOKEN, keys=["k1"], at=END + timedelta(days=400))


def test_what_odk_collect_reads_from_a_code() -> None:
    said = json.loads(zlib.decompress(base64.b64decode(collect_settings("https://x.example/openrosa/key/t", name="锦江区第一社区"))))  # fmt: skip
    assert said == {
        "general": {
            "server_url": "https://x.example/openrosa/key/t",
            "form_update_mode": "match_exactly",
            "autosend": "wifi_and_cellular",
        },
        "admin": {},
        "project": {"name": "锦江区第一社区", "icon": "锦"},
    }
