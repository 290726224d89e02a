import pytest
from django.utils.translation import override

from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, NotSignedIn, Refusal


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
