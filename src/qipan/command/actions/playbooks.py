"""Publishing playbooks: a version is added, never edited."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import digest_of, record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import BadInput, Refusal
from qipan.posture.api import review_days

from .. import rules
from ..models import Playbook

DATA = Path(__file__).resolve().parent.parent / "data"


class VersionTaken(Refusal):
    """Somebody else published a version in the meantime."""

    code = "version_taken"
    sentence = _("%(code)s has a version %(version)s already; look at it and publish on top of it.")


class PlaybookUnchanged(Refusal):
    code = "playbook_unchanged"
    sentence = _("The steps are those of version %(version)s; nothing was published.")


@transaction.atomic
def publish_playbook(
    *,
    code: str,
    title: str,
    title_en: str = "",
    hazard: str,
    posture: str,
    steps: list[dict[str, Any]],
    targets: dict[str, float] | None = None,
    note: str = "",
    lessons: Sequence[Mapping[str, str]] = (),
    after: int,
    by: Actor,
    at: datetime,
) -> Playbook:
    """This function will publish the version that follows version ``after`` (0 for the first) of a playbook.

    Without ``targets`` (what a drill is scored against) those of the version before are kept. ``lessons`` are what was
    learned and stands in this version for the first time; with one, a note alone makes a version (EMG-18). Raises
    ``NotAllowed``, ``BadInput`` naming each fault of steps and targets, ``VersionTaken`` when ``after`` is not the
    newest version, ``PlaybookUnchanged``.
    """
    by.require("playbook.edit")
    newest = Playbook.objects.filter(code=code).order_by("-version").first()
    if targets is None:
        targets = newest.targets if newest else {}
    problems = rules.problems_of(steps, posture) + rules.target_problems(targets)
    problems += [] if problems else list(_late_reviews(steps))
    problems += [
        f"{name}: missing" for name, text in {"code": code, "title": title, "hazard": hazard}.items() if not text
    ]
    if problems:
        raise BadInput(problems)
    version = newest.version if newest else 0
    if version != after:
        raise VersionTaken(code=code, version=version)
    same = newest and (newest.steps, newest.targets, newest.title, newest.posture, newest.hazard) == (
        steps,
        targets,
        title,
        posture,
        hazard,
    )
    if same and not (lessons and note):
        raise PlaybookUnchanged(version=version)
    try:
        with transaction.atomic():
            playbook = Playbook.objects.create(
                code=code,
                version=version + 1,
                title=title,
                title_en=title_en,
                hazard=hazard,
                posture=posture,
                steps=steps,
                targets=targets,
                note=note,
                lessons=[dict(lesson) for lesson in lessons],
                published_at=at,
                published_by=by.label,
            )
    except IntegrityError:  # two published at once; the constraint lets one through
        raise VersionTaken(code=code, version=version + 1) from None
    record(
        "command.publish_playbook",
        subject=playbook,
        by=by,
        at=at,
        data={
            "code": code,
            "version": playbook.version,
            "steps": len(steps),
            "digest": digest_of({"steps": steps}),
            **({"lessons": [lesson["number"] for lesson in lessons]} if lessons else {}),
        },
    )
    return playbook


def _late_reviews(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Measures that would be looked at again later than their kind is."""
    for number, step in enumerate(steps, 1):
        most = review_days(step["measure"]) if step["kind"] == "MEASURE" else None
        if most is not None and step["review_days"] > most:
            yield f"step {number}: review_days is more than the {most} of {step['measure']}"


def seed_playbooks(*, by: Actor, at: datetime) -> list[Playbook]:
    """This function will publish the first version of each playbook that the project brings; known codes are left."""
    published = []
    for path in sorted(DATA.glob("*.json")):
        given = json.loads(path.read_text(encoding="utf-8"))
        if Playbook.objects.filter(code=given["code"]).exists():
            continue
        published.append(
            publish_playbook(
                code=given["code"],
                title=given["title"],
                title_en=given["title_en"],
                hazard=given["hazard"],
                posture=given["posture"],
                steps=given["steps"],
                targets=given["targets"],
                note=given["note"],
                after=0,
                by=by,
                at=at,
            )
        )
    return published
