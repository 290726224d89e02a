"""Reading drafts: whose they are, who may look at them, what they become."""

from collections.abc import Mapping

from django.db.models import Q, QuerySet

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound

from .. import rules
from ..models import FormDraft

PUBLISHERS = ("admission.decide", "playbook.edit")
DESIGNERS = ("form.design", "form.approve", *PUBLISHERS)


def drafts_for(actor: Actor) -> QuerySet[FormDraft]:
    """This function will return the drafts that the actor may look at, the newest first, without their files.

    Who writes forms sees those of the own unit; who approves or publishes sees all.
    """
    rows = FormDraft.objects.filter(form=None).select_related("unit", "issuer").defer("source").order_by("-changed_at")
    if any(actor.can(act) for act in ("form.approve", *PUBLISHERS)):
        return rows
    return rows.filter(Q(unit_id=actor.unit_id)) if actor.can("form.design") else rows.none()


def get_draft(pk: int, *, actor: Actor) -> FormDraft:
    """This function will return a draft that the actor may look at; raises ``NotFound``."""
    found = drafts_for(actor).defer(None).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def digest_of(draft: FormDraft, *, sensitive: Mapping[str, str]) -> str:
    """This function will return the sum over what an approval of a draft covers, with these sensitive fields and kinds."""
    return definition_of(draft).digest_for(subject=draft.subject, purpose=draft.purpose, sensitive=sensitive)


def definition_of(draft: FormDraft) -> rules.Definition:
    """This function will return what a draft would be published as."""
    return rules.Definition(
        source=bytes(draft.source),
        media=tuple(rules.Media(one.name, bytes(one.content)) for one in draft.media.order_by("name")),
        fields=draft.fields,
        reuse=draft.reuse,
        reason=draft.reason,
        approved_by=draft.approved_by,
        approved_digest=draft.approved_digest,
    )
