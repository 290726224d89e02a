"""A long list of choices is the same HTML as Django's, but for the spaces between its lines."""

import re

import pytest
from django import forms

from qipan.webkit.forms import LongSelect

CHOICES = [("", "–"), ("路灯 & <b>", [("01", "a'b"), ("02", '"c"')]), (3, "three"), ("02", "again")]


def packed(html: str) -> str:
    return re.sub(r">\s+<", "><", html.strip())


@pytest.mark.parametrize("value", ["", "02", 3, None, "none of them"])
def test_a_long_list_is_what_django_would_write(value):
    attrs = {"class": "form-select", "id": "id_one", "required": True, "disabled": False}
    written = [kind(attrs=attrs, choices=CHOICES).render("one", value) for kind in (LongSelect, forms.Select)]
    assert packed(written[0]) == packed(written[1])
