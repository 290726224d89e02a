"""``qipan verify-certificate``: is a certificate of destruction as it was issued? For anyone, without a database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from qipan.retention.actions.certifying import signing_key
from qipan.retention.rules.certificate import CertificateBad, key_id, read


class Command(BaseCommand):
    """Checks signature, digest and sums of a certificate against the published public key."""

    help = "Check a certificate of destruction against the published public key."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the certificate as it was published (JSON)")
        parser.add_argument("--key", default="", help="the city's public key (PEM); without it, this deployment's own")

    def handle(self, *args: Any, **options: Any) -> None:
        """This command will print what the certificate says in short, or fail with the reason why it is not good."""
        trusted = self.trusted(options["key"])
        try:
            text = Path(options["file"]).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']} cannot be read: {error}", returncode=2) from error
        try:
            body = read(text, trusted=trusted)
        except CertificateBad as refusal:
            raise CommandError(str(refusal), returncode=1) from refusal
        totals = body["totals"]
        self.stdout.write(f"certificate {body['number']}: good, {totals['destroyed']} destroyed, {totals['held']} held")
        if trusted is None:
            self.stdout.write("signed by the key that it carries; compare it with the published one (--key FILE)")
        else:
            self.stdout.write(f"signed by the published key {key_id(trusted)}")

    def trusted(self, path: str) -> bytes | None:
        """This function will read the public key; raises ``CommandError`` when the file holds none."""
        if not path:
            own = Path(settings.CERTIFICATE_KEY).exists()
            return signing_key().public_key().public_bytes_raw() if own else None
        try:
            key = serialization.load_pem_public_key(Path(path).read_bytes())
        except (OSError, ValueError) as error:
            raise CommandError(f"{path} holds no public key: {error}", returncode=2) from error
        if not isinstance(key, Ed25519PublicKey):
            raise CommandError(f"{path} holds no Ed25519 key", returncode=2)
        return key.public_bytes_raw()
