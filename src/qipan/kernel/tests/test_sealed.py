"""What is sealed is read with the site's key, or with one that it had before; with another it is lost."""

from django.test import override_settings

from ..sealed import MARK, open_text, seal_text


def test_what_an_old_key_sealed_opens_while_that_key_is_named():
    with override_settings(SECRET_KEY="old", SECRET_KEY_FALLBACKS=[]):
        held = seal_text("a@b.c")
    assert held.startswith(MARK) and "a@b.c" not in held
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[]):
        assert open_text(held) == ""
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
        assert open_text(held) == "a@b.c"
        again = seal_text("a@b.c")
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[]):
        assert open_text(again) == "a@b.c"  # what is written now is sealed with the new key


def test_what_stood_before_sealing_is_read_as_it_is():
    assert (open_text("13900000000"), seal_text("")) == ("13900000000", "")
