"""What anyone checks of a certificate: sums and persons too, which no signature makes true; and how the command ends."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils.translation import override

from ..management.commands.verify_certificate import Command
from ..rules.certificate import FORMAT, CertificateBad, canonical, key_id, read, sign

KEY, OTHER = Ed25519PrivateKey.from_private_bytes(b"1" * 32), Ed25519PrivateKey.from_private_bytes(b"2" * 32)


def body(**changes: Any) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "number": "QP-5101-2026-00001",
        "prepared": {"person": "a"},
        "approved": {"person": "b"},
        "lots": [{"destroyed": 7, "held": 1}, {"destroyed": 5, "held": 0}],
        "totals": {"destroyed": 12, "held": 1},
        **changes,
    }


def pem(key: Any) -> bytes:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_key().public_bytes(serialization.Encoding.PEM, kind))


def test_what_is_good_is_read_as_it_was_signed() -> None:
    public = KEY.public_key().public_bytes_raw()
    assert read(sign(body(), key=KEY), trusted=public) == body()


@override("en")
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"totals": {"destroyed": 13, "held": 1}}, "its sums do not add up"),
        ({"totals": {"destroyed": 12, "held": 0}}, "its sums do not add up"),
        ({"lots": []}, "its sums do not add up"),
        ({"lots": [{"destroyed": 12}]}, "a part of it is missing"),
        ({"lots": None}, "a part of it is missing"),
        ({"totals": {"destroyed": 12}}, "a part of it is missing"),
        ({"approved": {"person": "a"}}, "one person prepared and approved it"),
        ({"approved": {}}, "a part of it is missing"),
        ({"prepared": None}, "a part of it is missing"),
        ({"format": "qipan-destruction-certificate/2"}, "its format is not known"),
    ],
)
def test_what_was_signed_and_cannot_be_true_is_refused(changes: dict[str, Any], why: str) -> None:
    """Whoever has a key can sign anything: sums and persons are checked all the same."""
    with pytest.raises(CertificateBad, match=why):
        read(sign(body(**changes), key=KEY))


@override("en")
def test_sums_and_persons_that_were_changed_after_signing_are_refused() -> None:
    text = sign(body(), key=KEY)
    for path, value in ((("totals", "destroyed"), 13), (("approved", "person"), "c"), (("prepared", "person"), "b")):
        whole = json.loads(text)
        whole["certificate"][path[0]][path[1]] = value
        with pytest.raises(CertificateBad, match="was changed after it was signed"):
            read(canonical(whole))
    # Signed anew by who changed it: the carried key is not the published one.
    public = OTHER.public_key().public_bytes_raw()
    again = sign(body(totals={"destroyed": 12, "held": 1}), key=OTHER)
    with pytest.raises(CertificateBad, match="another key than the published one"):
        read(again, trusted=KEY.public_key().public_bytes_raw())
    whole = json.loads(text)
    whole["signature"] |= {"public_key": b64encode(public).decode(), "key_id": key_id(public)}
    with pytest.raises(CertificateBad, match="does not belong to what it says"):
        read(canonical(whole))


def ends(*arguments: str) -> int:
    """How ``qipan verify-certificate`` ends in a shell."""
    try:
        Command().run_from_argv(["qipan", "verify-certificate", *arguments])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_the_command_ends_with_0_where_it_is_good_1_where_not_2_where_nothing_can_be_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def file(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    key, other = file("key.pem", pem(KEY)), file("other.pem", pem(OTHER))
    curve, none = file("curve.pem", pem(generate_private_key(SECP256R1()))), file("none.pem", "no key")
    good, text = file("good.json", sign(body(), key=KEY)), sign(body(), key=KEY)
    assert ends(good, "--key", key) == 0
    said = capsys.readouterr().out
    assert "QP-5101-2026-00001: good, 12 destroyed, 1 held" in said
    assert f"signed by the published key {key_id(KEY.public_key().public_bytes_raw())}" in said
    wrong = {
        "sums.json": sign(body(totals={"destroyed": 13, "held": 1}), key=KEY),
        "persons.json": sign(body(approved={"person": "a"}), key=KEY),
        "tampered.json": text.replace('"destroyed":12', '"destroyed":13'),
        "json.json": "{",
    }
    assert [ends(file(name, content), "--key", key) for name, content in wrong.items()] == [1, 1, 1, 1]
    assert ends(good, "--key", other) == 1
    unreadable = [
        (str(tmp_path / "nowhere.json"), key), (file("bytes.json", b"\xff\xfe"), key), (good, none), (good, curve),
        (good, str(tmp_path / "nowhere.pem")),
    ]  # fmt: skip
    assert [ends(path, "--key", published) for path, published in unreadable] == [2] * 5
    assert capsys.readouterr().out == ""  # what is not good is called good nowhere
