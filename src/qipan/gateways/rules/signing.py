"""Keys of partners, secrets of subscriptions, and the signature of a message (Standard Webhooks). Pure."""

import base64
import hashlib
import hmac
import secrets

KEY_BYTES = 24
HINT = 6


def new_key() -> str:
    """This function will make an API key, which is told once."""
    return f"qp_{secrets.token_urlsafe(KEY_BYTES)}"


def hash_of(key: str, *, site_key: str) -> str:
    """This function will return what is kept of an API key."""
    return hmac.new(f"qipan.gateways.key.{site_key}".encode(), key.encode(), hashlib.sha256).hexdigest()


def secret_of(subscription: int, version: int, *, site_key: str) -> bytes:
    """This function will make the secret of a subscription: nobody can read it in the database."""
    said = f"{subscription}.{version}"
    return hmac.new(f"qipan.gateways.webhook.{site_key}".encode(), said.encode(), hashlib.sha256).digest()


def secret_text(secret: bytes) -> str:
    """This function will write a secret as Standard Webhooks does."""
    return f"whsec_{base64.b64encode(secret).decode()}"


def signature(secret: bytes, *, message_id: str, seconds: int, body: bytes) -> str:
    """This function will sign a message with HMAC-SHA256 over its id, the moment of sending and its body."""
    signed = b".".join((message_id.encode(), str(seconds).encode(), body))
    return f"v1,{base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()}"
