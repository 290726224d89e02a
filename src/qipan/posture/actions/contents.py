"""Refusals for what a declaration or a measure must say: one class for each part that can be missing."""

from collections.abc import Mapping, Sequence

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from qipan.kernel.refusal import Refusal
from qipan.laws.api import Article

from .. import rules


class ContentMissing(Refusal):
    """A required part is missing; nothing was written."""

    code = "content_missing"
    status = 400


class NumberMissing(ContentMissing):
    code = "number_missing"
    sentence = _("The declaration has no number: the decision that starts a response is named by its number.")


class MatterMissing(ContentMissing):
    code = "matter_missing"
    sentence = _("The matter of the response is missing (Emergency Response Law 2024, art. 72).")


class HazardMissing(ContentMissing):
    code = "hazard_missing"
    sentence = _("The kind of hazard is missing: it belongs to the matter (Emergency Response Law 2024, art. 72).")


class LevelMissing(ContentMissing):
    code = "level_missing"
    sentence = _("The level of the response, I to IV, is missing (Emergency Response Law 2024, art. 72).")


class BasisMissing(ContentMissing):
    code = "basis_missing"
    sentence = _(
        "The basis is missing: the law, rule or plan that the response rests on (Emergency Response Law 2024, art. 72)."
    )


class IssuerMissing(ContentMissing):
    code = "issuer_missing"
    sentence = _(
        "The issuer is missing: the government in charge starts the response (Emergency Response Law 2024, art. 72)."
    )


class GroundMissing(ContentMissing):
    code = "ground_missing"
    sentence = _(
        "The area is missing: a response fits the reach of the event (Emergency Response Law 2024, art. 72 and 10)."
    )


class StartMissing(ContentMissing):
    code = "start_missing"
    sentence = _("The start of the response is missing (Emergency Response Law 2024, art. 72).")


class DurationMissing(ContentMissing):
    """EMG-5: no response without an expected end."""

    code = "duration_missing"
    sentence = _(
        "The expected duration is missing: a response must state how long it is expected to last "
        "(Emergency Response Law 2024, art. 72)."
    )


class MeasuresMissing(ContentMissing):
    code = "measures_missing"
    sentence = _("The measures of the response are missing (Emergency Response Law 2024, art. 72).")


class MeasureKindMissing(ContentMissing):
    code = "measure_kind_missing"
    sentence = _("The kind of the measure is missing (Emergency Response Law 2024, art. 72).")


class MeasureTitleMissing(ContentMissing):
    code = "measure_title_missing"
    sentence = _("The measure does not say what is to be done (Emergency Response Law 2024, art. 72).")


class MeasureBasisMissing(ContentMissing):
    code = "measure_basis_missing"
    sentence = _("The measure has no legal basis; without one it binds nobody (Emergency Response Law 2024, art. 72).")


class MeasureIssuerMissing(ContentMissing):
    code = "measure_issuer_missing"
    sentence = _("The measure has no issuer who answers for it (Emergency Response Law 2024, art. 72).")


class MeasureGroundMissing(ContentMissing):
    code = "measure_ground_missing"
    sentence = _(
        "The measure has no area: a measure reaches no further than the danger (Emergency Response Law 2024, art. 10)."
    )


class MeasureStartMissing(ContentMissing):
    code = "measure_start_missing"
    sentence = _("The start of the measure is missing (Emergency Response Law 2024, art. 72).")


class MeasureExpiryMissing(ContentMissing):
    code = "measure_expiry_missing"
    sentence = _(
        "The measure has no expiry: a measure lasts no longer than the danger (Emergency Response Law 2024, art. 10)."
    )


class MeasureReviewMissing(ContentMissing):
    code = "measure_review_missing"
    sentence = _(
        "The measure has no review date: whether it is still proportionate is looked at again "
        "(Emergency Response Law 2024, art. 10)."
    )


DECLARATION: Mapping[str, type[ContentMissing]] = {
    "number": NumberMissing,
    "matter": MatterMissing,
    "hazard": HazardMissing,
    "level": LevelMissing,
    "basis": BasisMissing,
    "issuer": IssuerMissing,
    "ground_codes": GroundMissing,
    "starts_at": StartMissing,
    "expected_until": DurationMissing,
    "measures": MeasuresMissing,
}
MEASURE: Mapping[str, type[ContentMissing]] = {
    "kind": MeasureKindMissing,
    "title": MeasureTitleMissing,
    "article": MeasureBasisMissing,
    "issuer": MeasureIssuerMissing,
    "grounds": MeasureGroundMissing,
    "starts_at": MeasureStartMissing,
    "expires_at": MeasureExpiryMissing,
    "review_at": MeasureReviewMissing,
}


def require_contents(
    content: Mapping[str, object], required: Sequence[str], refusals: Mapping[str, type[ContentMissing]]
) -> None:
    """This function will raise the refusal of the first required part that is missing or blank."""
    missing = rules.missing_of(content, required)
    if missing is not None:
        raise refusals[missing](field=missing)


def basis_text(article: Article) -> str:
    """This function will return the basis as an order says it, in the language of the city: the order is a document."""
    with override(settings.LANGUAGE_CODE):
        return article.label[:300]
