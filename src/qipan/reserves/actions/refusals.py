"""Refusals of acts on reserves, each with what the law or the agreement says."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.kernel.refusal import Refusal


class NotAFirm(Refusal):
    code = "reserve_not_a_firm"
    sentence = _("%(unit)s is no property company or other firm: only firms lend.")
    status = 403


class NotGoverning(Refusal):
    code = "reserve_not_governing"
    sentence = _("%(unit)s may carry orders out, but neither agree on reserves nor call them: that is for the subdistrict and above.")  # fmt: skip
    status = 403


class KindUnknown(Refusal):
    code = "reserve_kind_unknown"
    sentence = _("“%(kind)s” is no kind of reserve of this city; choose one from the list.")
    status = 400


class NotANumber(Refusal):
    code = "reserve_not_a_number"
    sentence = _("Please give a whole number above 0 that is not too large.")
    status = 400


class RateMissing(Refusal):
    code = "reserve_rate_missing"
    sentence = _("Please give the price in yuan, not below 0, with two digits at most behind the point.")
    status = 400


class TimesDisordered(Refusal):
    code = "reserve_times_disordered"
    sentence = _("The start lies before the end, and the end in the future.")
    status = 400


class WordsMissing(Refusal):
    code = "reserve_words_missing"
    sentence = _("Please fill this in.")
    status = 400


class OfferGone(Refusal):
    code = "reserve_offer_gone"
    sentence = _("The offer of %(what)s is no longer valid, or reaches none of your area.")


class OfferTooSmall(Refusal):
    code = "reserve_offer_too_small"
    sentence = _("The firm offers %(offered)s of %(what)s, not %(quantity)s.")


class NothingChosen(Refusal):
    code = "reserve_nothing_chosen"
    sentence = _("Choose at least one line and say how many.")
    status = 400


class NumberTaken(Refusal):
    code = "reserve_number_taken"
    sentence = _("There is an agreement with this number already.")


class PaymentTooLate(Refusal):
    code = "reserve_payment_too_late"
    sentence = _(
        "Firms are paid within 1 to %(most)s days (Regulation on Payments to Small and Medium Enterprises); "
        "the usual time is %(usual)s."
    )
    status = 400


class NoticeTooLong(Refusal):
    code = "reserve_notice_too_long"
    sentence = _("The notice is 0 to 720 hours.")
    status = 400


class ReplacesAnother(Refusal):
    code = "reserve_replaces_another"
    sentence = _("A new agreement takes the place only of one between the same two.")


class NotYourAgreement(Refusal):
    code = "reserve_not_your_agreement"
    sentence = _("%(unit)s signs for itself; you sign for another unit.")
    status = 403


class AlreadySigned(Refusal):
    code = "reserve_already_signed"
    sentence = _("The agreement was signed or declined already.")


class AgreementNotInForce(Refusal):
    code = "reserve_agreement_not_in_force"
    sentence = _("Agreement %(number)s is not in force: both sides sign it, and it ends by itself.")


class OutlivesAgreement(Refusal):
    code = "reserve_outlives_agreement"
    sentence = _("The call would outlive agreement %(number)s; agree on a longer one first.")


class NoticeTooShort(Refusal):
    code = "reserve_notice_too_short"
    sentence = ngettext_lazy(
        "The firm agreed to %(hours)s hour of notice: the call begins at %(earliest)s or later.",
        "The firm agreed to %(hours)s hours of notice: the call begins at %(earliest)s or later.",
        "hours",
    )


class MoreThanAgreed(Refusal):
    code = "reserve_more_than_agreed"
    sentence = _("Of %(what)s, agreed: %(agreed)s, called at that time: %(taken)s; %(quantity)s more is too many.")


class OutsideReach(Refusal):
    code = "reserve_outside_reach"
    sentence = _("%(what)s was not agreed for all of this area.")


class DeclarationNotInForce(Refusal):
    """Nothing is called or requisitioned by itself: an emergency was declared there, and lasts."""

    code = "reserve_declaration_not_in_force"
    sentence = _(
        "No declaration is in force for all of this area and time; without it nothing is called or requisitioned "
        "(Emergency Response Law 2024, art. 12 and 76)."
    )


class OutsideCallersGround(Refusal):
    code = "reserve_outside_callers_ground"
    sentence = _("%(unit)s is not in charge of all of this area.")


class RequisitionNotCompetent(Refusal):
    code = "reserve_requisition_not_competent"
    sentence = _("%(unit)s may not requisition: %(article)s gives it to the %(rank)s and above.")
    status = 403


class InventoryMissing(Refusal):
    code = "reserve_inventory_missing"
    sentence = _(
        "A requisition says in writing what is taken, how many, at which price a day and in which condition "
        "(Emergency Response Law 2024, art. 12)."
    )
    status = 400


class CallOver(Refusal):
    code = "reserve_call_over"
    sentence = _("The order has ended already.")


class CallOfAnother(Refusal):
    code = "reserve_call_of_another"
    sentence = _("%(unit)s ordered it; it, or a command above it, does this.")
    status = 403


class NotYourCall(Refusal):
    code = "reserve_not_your_call"
    sentence = _("%(unit)s lends and enters what it cost.")
    status = 403


class ExerciseCostsNothing(Refusal):
    code = "reserve_exercise"
    sentence = _("An exercise binds nobody: nothing is lent and nothing is paid.")


class DayOutside(Refusal):
    code = "reserve_day_outside"
    sentence = _("Costs are of a day from %(first)s to %(last)s, and not of the future.")
    status = 400


class MoreThanCalled(Refusal):
    code = "reserve_more_than_called"
    sentence = _(
        "Ordered: %(called)s; no more is paid for as use; enter the rest as a cost of its own with its reason."
    )
    status = 400


class DayEntered(Refusal):
    code = "reserve_day_entered"
    sentence = _("The use of %(what)s on %(day)s was entered already.")


class ReasonMissing(Refusal):
    code = "reserve_reason_missing"
    sentence = _("Please give the reason.")
    status = 400


class SheetHandedIn(Refusal):
    code = "reserve_sheet_handed_in"
    sentence = _("The cost sheet was handed in already.")


class SheetNotHandedIn(Refusal):
    code = "reserve_sheet_not_handed_in"
    sentence = _("The firm has not handed the cost sheet in yet.")


class LineDecided(Refusal):
    code = "reserve_line_decided"
    sentence = _("This line was decided already.")


class LinesUndecided(Refusal):
    code = "reserve_lines_undecided"
    sentence = ngettext_lazy(
        "%(count)s line is not decided yet; accept it or object to it with a reason.",
        "%(count)s lines are not decided yet; accept each or object to it with a reason.",
        "count",
    )


class NothingToPay(Refusal):
    code = "reserve_nothing_to_pay"
    sentence = _("Nothing was accepted, so nothing is paid.")


class AlreadyPaid(Refusal):
    code = "reserve_already_paid"
    sentence = _("The cost sheet was paid already.")


class PaidWhen(Refusal):
    code = "reserve_paid_when"
    sentence = _("It was paid on a day from its handing in (%(first)s) until today.")
    status = 400


class CostsEntered(Refusal):
    code = "reserve_costs_entered"
    sentence = _("Costs of this order were entered already.")


class NothingToReturn(Refusal):
    code = "reserve_nothing_to_return"
    sentence = _("Nothing of this is to be returned, or both sides have recorded it already.")


class StillRunning(Refusal):
    code = "reserve_still_running"
    sentence = _("The order still runs.")


class ReturnChanged(Refusal):
    code = "reserve_return_changed"
    sentence = _("The other side has said otherwise meanwhile, or nothing yet: look again before you agree.")


class NotAnOffice(Refusal):
    code = "reserve_not_an_office"
    sentence = _(
        "%(unit)s is no office: what a community stores stands on its own page, and a firm offers what it has."
    )
    status = 403


class StoreTwice(Refusal):
    code = "reserve_store_twice"
    sentence = _("%(what)s stands on the list already, at this spot: count it again there.")


class MeasureStays(Refusal):
    code = "reserve_measure_stays"
    sentence = _("It is counted in %(measure)s; strike it off and add it anew to count it otherwise.")
    status = 400


class ChangedMeanwhile(Refusal):
    code = "reserve_changed_meanwhile"
    sentence = _("Something was handed out, came back or was counted meanwhile: look again before you count.")


class DayOver(Refusal):
    code = "reserve_day_over"
    sentence = _("This day is over.")
    status = 400


class NotADay(Refusal):
    code = "reserve_not_a_day"
    sentence = _("Please write the day as in 2026-12-31.")
    status = 400


class EmergencyOver(Refusal):
    code = "reserve_emergency_over"
    sentence = _("This emergency is not in force here, or it is an exercise, which uses nothing up.")


class NotThatMany(Refusal):
    code = "reserve_not_that_many"
    sentence = _("There are only %(left)s %(measure)s.")


class StillOut(Refusal):
    code = "reserve_still_out"
    sentence = _("Handed out and still to come back: %(count)s; take it back first.")
