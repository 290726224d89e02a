"""The city's key, and the certificate of a run."""

import os
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction
from django.utils.timezone import localtime
from django.utils.translation import override

from qipan.journal.api import checksum, record
from qipan.kernel.actor import Actor
from qipan.kernel.retention import destroyed_with

from ..models import Certificate, DestructionRun, RunLot
from ..queries import backups_of
from ..rules.certificate import FORMAT, MINIMUM_CELL, sign
from ..terms import RunState


def signing_key() -> Ed25519PrivateKey:
    """This function will return the city's key, made on first use in the file that the setting names (PEM, mode 0600)."""
    path = Path(settings.CERTIFICATE_KEY)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        text = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        # Whole or not at all, and never over another one: two processes that begin together use one key.
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with open(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.write(text)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 key")
    return key


def public_pem() -> str:
    """This function will return the public key as everyone may have it (PEM)."""
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return signing_key().public_key().public_bytes(serialization.Encoding.PEM, kind).decode()


def _person(account: int | None, *, number: str) -> str:
    """Tells two persons apart in one certificate, and leads to nobody: keyed, and other in each certificate."""
    return sha256(f"{settings.SECRET_KEY} {number} {account}".encode()).hexdigest()[:16]


def _lot(lot: RunLot) -> dict[str, Any]:
    said: dict[str, Any] = {
        "model": lot.model,
        "lot": lot.key,
        "title": lot.title,
        "declared": [
            {
                "model": one.model,
                "fields": list(one.names),
                "purpose": str(one.purpose),
                "days": None if one.period is None else one.period.days,
                "starts_with": str(one.starts_with),
                "destroy": str(one.destroy),
            }
            for one in destroyed_with(lot.model)
        ],
        "grounds": [[f"{first:019d}", f"{last:019d}"] for first, last in lot.grounds],
        "clock_began": lot.began.isoformat(),
        "due": lot.due.isoformat(),
        "expected": lot.rows,
        "destroyed": lot.destroyed,
        "held": lot.held,
        "steps": lot.steps,
        "chain": lot.chain,
        "holds": [
            {"assessment": number, "area": area, "by": office, "until": until}
            for _pk, number, area, office, until in lot.holds
        ],
    }
    if lot.figures:
        said["kept"] = {
            "cells": lot.cells,
            "folded": lot.folded,
            "minimum_cell": MINIMUM_CELL,
            "digest": lot.figures,
        }
    return said


@transaction.atomic
def issue(run: DestructionRun, *, storage: dict[str, object], by: Actor, at: datetime) -> Certificate:
    """This function will issue the certificate of a run whose lots are all done, once: what it destroyed, without data."""
    held = DestructionRun.objects.select_for_update().get(pk=run.pk)
    if held.state == RunState.DONE:
        return held.certificate
    lots = list(held.lots.order_by("order"))
    assert all(lot.finished_at for lot in lots), "a lot is not done"
    number = f"QP-{settings.CITY}-{localtime(at):%Y}-{held.pk:05d}"
    held.backups = backups_of(held, at=at)  # one made since it was prepared holds a copy too
    held.save(update_fields=["backups"])
    chain = checksum()
    destroyed, kept_back = sum(lot.destroyed for lot in lots), sum(lot.held for lot in lots)
    with override(settings.LANGUAGE_CODE):
        body = {
            "format": FORMAT,
            "number": number,
            "city": settings.CITY,
            "drill": held.drill,
            "reason": held.reason,
            "prepared": {
                "office": held.prepared_by,
                "person": _person(held.prepared_account, number=number),
                "at": held.prepared_at.isoformat(),
            },
            "approved": {
                "office": held.decided_by,
                "person": _person(held.decided_account, number=number),
                "at": held.decided_at.isoformat() if held.decided_at else None,
            },
            "carried_out": {
                "began": held.started_at.isoformat() if held.started_at else None,
                "ended": at.isoformat(),
                "starts": held.starts,
            },
            "lots": [_lot(lot) for lot in lots],
            "totals": {"destroyed": destroyed, "held": kept_back},
            "backups": [
                {"name": name, "where": where, "made": made, "lives_until": until}
                for name, where, made, until in held.backups
            ],
            "storage": storage,
            "journal": {"seq": chain.seq, "hash": chain.hash},
        }
    text = sign(body, key=signing_key())
    certificate = Certificate.objects.create(
        run=held,
        number=number,
        text=text,
        digest=sha256(text.encode()).hexdigest(),
        destroyed=destroyed,
        held=kept_back,
        issued_at=at,
        drill=held.drill,
    )
    held.state, held.finished_at = RunState.DONE, at
    held.save(update_fields=["state", "finished_at"])
    data = {
        "number": number,
        "digest": certificate.digest,
        "destroyed": certificate.destroyed,
        "held": certificate.held,
    }
    record("retention.issue_certificate", subject=held, by=by, at=at, data=data, drill=held.drill)
    return certificate
