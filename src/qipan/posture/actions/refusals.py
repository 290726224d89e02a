"""Refusals of acts on measures, each with what the law says."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.kernel.refusal import Refusal


class MeasureKindUnknown(Refusal):
    code = "measure_kind_unknown"
    sentence = _("“%(kind)s” is no kind of measure of this city; choose one from the list.")
    status = 400


class ComplaintRouteMissing(Refusal):
    """Red line 2: no measure without a way to complain."""

    code = "complaint_route_missing"
    sentence = _(
        "This kind of measure has no complaint route; whoever is restricted must be able to complain "
        "(Emergency Response Law 2024, art. 9)."
    )


class MeasureIssuerNotCompetent(Refusal):
    """Communities and property companies carry measures out; they never impose them."""

    code = "measure_issuer_not_competent"
    sentence = _("%(issuer)s may not impose this measure: %(article)s gives it to the %(rank)s and above.")
    status = 403


class MeasureOnlyExecuted(MeasureIssuerNotCompetent):
    code = "measure_only_executed"
    sentence = _(
        "%(issuer)s may carry measures out but not impose them: that is for the county level and above "
        "(Law on Prevention and Treatment of Infectious Diseases; Emergency Response Law 2024, art. 72)."
    )


class MeasureOutsideIssuersGround(Refusal):
    code = "measure_outside_issuers_ground"
    sentence = _("%(issuer)s is not in charge of all of this ground (Emergency Response Law 2024, art. 72).")


class MeasureTimesDisordered(Refusal):
    code = "measure_times_disordered"
    sentence = _(
        "A measure starts, is reviewed and expires in this order, and expires in the future "
        "(Emergency Response Law 2024, art. 10)."
    )
    status = 400


class DeclarationDatedBack(Refusal):
    """What holds under a response holds from the moment at which it is made known; nothing is excused afterwards."""

    code = "declaration_dated_back"
    sentence = _(
        "A response starts from its declaring on and is not dated back; let it start now or later. When it was signed on "
        "paper before may stand with its basis (Emergency Response Law 2024, art. 72)."
    )
    status = 400


class MeasureDatedBack(Refusal):
    """Whoever is restricted knows it from the moment of issuing on; nothing is made lawful afterwards."""

    code = "measure_dated_back"
    sentence = _(
        "A measure binds from its issuing on and is not dated back; let it start now or later "
        "(Emergency Response Law 2024, art. 10 and 72)."
    )
    status = 400


class ReviewTooLate(Refusal):
    """How often a kind of measure is looked at again is the city's list, not its issuer's choice."""

    code = "measure_review_too_late"
    sentence = ngettext_lazy(
        "“%(kind)s” is looked at again within %(days)s day of its begin or its last review "
        "(Emergency Response Law 2024, art. 10).",
        "“%(kind)s” is looked at again within %(days)s days of its begin or its last review "
        "(Emergency Response Law 2024, art. 10).",
        "days",
    )
    status = 400


class OutlivesDeclaration(Refusal):
    code = "measure_outlives_declaration"
    sentence = _(
        "The measure would outlive declaration %(number)s, which is expected to end earlier "
        "(Emergency Response Law 2024, art. 10)."
    )


class HazardUnsaid(Refusal):
    code = "measure_hazard_missing"
    sentence = _("This kind of measure needs a risk zone; say against which hazard it is imposed.")
    status = 400


class HazardUnknown(Refusal):
    code = "measure_hazard_unknown"
    sentence = _("“%(hazard)s” is no hazard of this city; choose one from the list.")
    status = 400


class BeyondZone(Refusal):
    """Stricter or wider than the zones justify, and no higher organ has given its reason."""

    code = "measure_beyond_zone"


class MeasureTooStrict(BeyondZone):
    code = "measure_too_strict"
    sentence = _(
        "No part of %(area)s has the level that this measure needs (%(level)s). Only %(rank)s may go beyond it, "
        "with a reason and for at most %(days)s days (Emergency Response Law 2024, art. 10)."
    )


class HazardUngraded(BeyondZone):
    """No zone can justify it, and no declaration covers it."""

    code = "measure_hazard_ungraded"
    sentence = _(
        "This kind of measure restricts people by risk zone, and against %(hazard)s there are none. Impose it under a "
        "declaration in force, or let %(rank)s give the reason, for at most %(days)s days (Emergency Response Law "
        "2024, art. 10)."
    )


class MeasureTooWide(BeyondZone):
    """Red line 14."""

    code = "measure_too_wide"
    sentence = ngettext_lazy(
        "One size for all: of the areas in %(area)s (%(of)s) only %(reaching)s has the level that this measure needs "
        "(%(level)s). Choose that one, or let %(rank)s go beyond it, with a reason and for at most %(days)s days "
        "(Emergency Response Law 2024, art. 10).",
        "One size for all: of the areas in %(area)s (%(of)s) only %(reaching)s have the level that this measure needs "
        "(%(level)s). Choose those, or let %(rank)s go beyond it, with a reason and for at most %(days)s days "
        "(Emergency Response Law 2024, art. 10).",
        "reaching",
    )


class BeyondNotForYou(Refusal):
    code = "measure_beyond_not_for_you"
    sentence = _(
        "%(issuer)s may not go beyond what the risk zones justify: that is for the %(rank)s and above "
        "(Emergency Response Law 2024, art. 10)."
    )
    status = 403


class BeyondTooLong(Refusal):
    code = "measure_beyond_too_long"
    sentence = _(
        "Beyond what the risk zones justify a measure lasts at most %(days)s days, extensions included "
        "(Emergency Response Law 2024, art. 10)."
    )
    status = 400


class BeyondRunsOn(BeyondTooLong):
    """The same kind on the same ground: a fresh order, whoever gives it, goes on with the days of the one before."""

    code = "measure_beyond_runs_on"
    sentence = _(
        "This has been held here beyond what the risk zones justify since %(since)s. It lasts at most %(days)s days in "
        "all, imposed again or extended; the days begin anew after as many days without it (Emergency Response Law 2024, "
        "art. 10)."
    )


class GuidanceIncomplete(Refusal):
    code = "guidance_incomplete"
    sentence = _("What is said to residents is said in Chinese and English at least.")
    status = 400


class MeasureOver(Refusal):
    code = "measure_over"
    sentence = _("The measure is over: it was lifted, has expired or was extended already.")


class MeasureOfAnother(Refusal):
    """As with directives: a command above may undo what is below it, never the other way round (EMG-3)."""

    code = "measure_of_another"
    sentence = _("%(issuer)s imposed the measure; it, or a command above it, lifts it.")
    status = 403


class NextReviewOutside(Refusal):
    code = "next_review_outside"
    sentence = _("The next review lies after now and not after the expiry of the measure.")
    status = 400


class TaskNotOfThisKind(Refusal):
    code = "task_not_of_this_kind"
    sentence = _("Nothing of this sort is asked under this kind of measure.")
    status = 400
