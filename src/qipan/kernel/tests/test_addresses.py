"""Which other machines may be called."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..addresses import PrivateAddress, UrlNotAllowed, checked_url, is_own, is_public, may_call

OWN = ("127.0.0.0/8", "fd00::/8")
PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "not an address", "",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_public(address):
    assert is_public(address) is False


def test_public_addresses_are():
    assert is_public("8.8.8.8")
    assert is_public("2001:4860:4860::8888")
    assert is_public("64:ff9b::808:808")


@pytest.mark.parametrize(
    "url",
    [
        "", "register.example", "http://register.example/", "ftp://register.example/", "https://", "https:///x",
        "https://name:word@register.example/", "https://register.example/#x", "https://register.example/ x",
        "https://register.example:99999/", "https://register.example:0/", "https://[::1/", "https://例子.example/",
        "https://register.example\\@127.0.0.1/", "file:///etc/passwd", "https://r.example/" + "x" * 500, "https://@r.example/",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(UrlNotAllowed):
        checked_url(url, own=())


def test_addresses_in_figures_are_looked_at_and_http_needs_a_network_of_ones_own():
    assert checked_url(" https://register.example:8443/a?b=c ", own=()) == "https://register.example:8443/a?b=c"
    for url in ("https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest", "https://10.0.0.1:8080/"):
        with pytest.raises(PrivateAddress):
            checked_url(url, own=())
    assert checked_url("http://127.0.0.1:8080/hook", own=OWN) == "http://127.0.0.1:8080/hook"


def test_a_network_of_ones_own_opens_itself_and_no_other():
    for address in ("127.0.0.1", "127.9.9.9", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00::1"):
        assert is_own(address, OWN) and may_call(address, own=OWN) and not may_call(address, own=()), address
    for address in ("10.1.2.3", "169.254.169.254", "::1", "fe80::1%eth0", "", "localhost"):
        assert not may_call(address, own=OWN), address
    with pytest.raises(PrivateAddress):
        checked_url("http://10.0.0.1/", own=OWN)
    assert not is_own("8.8.8.8", OWN) and may_call("8.8.8.8", own=OWN)


@settings(max_examples=50)
@given(st.ip_addresses())
def test_what_may_be_called_is_public_or_ones_own(address):
    said = str(address)
    assert may_call(said, own=OWN) == (is_public(said) or is_own(said, OWN))
    assert may_call(said, own=()) == is_public(said)
