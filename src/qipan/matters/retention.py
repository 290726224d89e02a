"""What matters holds of persons, for which purpose and how long; every column of every table of the room."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from qipan.kernel.monthly import Monthly
from qipan.kernel.place import Range, range_of
from qipan.kernel.retention import Destroy, PersonalData, Starts, Way, declare, register_opener, who_acted

from .actions.owning import OWN_REFERRAL, OWN_REPORT
from .actions.privacy import AFTER_END, destroy_reports
from .models import Report
from .queries.kept import HANDOVERS
from .rules.referral import KEEP

KEEP_REPORTS = timedelta(days=365)  # while the same spot may come back


def _rows() -> QuerySet[Any]:
    rows = Report.objects.exclude(text="").filter(matter__merged_into=None)
    return rows.annotate(ended_on=F("matter__ended_at"), of_drill=F("matter__drill"))


def _city() -> tuple[Range, ...]:
    return (range_of(settings.CITY),)


HELD_REPORTS = Monthly(
    model="matters.Report",
    title=_("Reports and pictures of matters that ended"),
    rows=_rows,
    period=KEEP_REPORTS,
    destroy=destroy_reports,
    line="nonce",
    grounds=_city,
    place="matter__place",
    cleaned=("matters_report", "matters_photo", "matters_matterstep", "matters_handling", "matters_contactlook"),
)
register_opener("matters.Report", OWN_REPORT)
register_opener("matters.Referral", OWN_REFERRAL)

declare(
    "matters.AgendaItem",
    plain="facts cell",
    keys="id session kind place category n matters",
)
declare(
    "matters.Agreed",
    plain="text",
    keys="id call task",
)
declare(
    "matters.Allowance",
    PersonalData(
        "source",
        purpose=_("to keep machines from reporting, as a digest that changes daily"),
        basis="pipl-2021-34",
        period=timedelta(days=1),
        starts_with=Starts.COLLECTED,
        destroy=Destroy.ROWS,
    ),
    keys="id hour n",
)
declare(
    "matters.Call",
    who_acted("by_label"),
    plain="what meets_where found result",
    keys="id matter caller place meets_at urgency respond_by called_at agreed_made ended_at drill",
)
# ``post`` names a function ("duty officer"), never a person.
declare(
    "matters.Called",
    plain="post refusal ruling result",
    keys="id call unit task accepted_at refused_at excused came answer_by silent_at",
)
declare(
    "matters.Category",
    plain="code group group_en name name_en item_code filing filing_en closing closing_en limit_file limit_accept limit_object limit_handle limit_verify",
    keys="id kind example valid_from valid_to",
)
declare(
    "matters.Conclusion",
    plain="text",
    keys="id session item task",
)
# Apart from the matter, for one purpose, with the day of its erasure; who looked is shown to the reporter.
declare(
    "matters.Contact",
    PersonalData(
        "reach",
        purpose=_("to ask back about a report and to tell its end"),
        basis="pipl-2021-13",
        period=AFTER_END,
        starts_with=Starts.ENDED,
        destroy=Destroy.ROWS,
    ),
    plain="purpose",
    keys="id report erase_at",
)
declare(
    "matters.ContactLook",
    PersonalData(
        "why",
        purpose=_("to show the reporter who looked, and why"),
        basis="pipl-2021-34",
        period=KEEP_REPORTS,
        starts_with=Starts.ENDED,
        destroy=Destroy.ROWS,
        way=Way.RUN,
        holder=HELD_REPORTS,
    ),
    who_acted("by_label"),
    keys="id report at",
)
# ``done_by`` and ``wish_by`` are accounts, kept only so that somebody else verifies, or grants; nothing counts by them.
declare(
    "matters.Handling",
    PersonalData(
        "objection result wish_reason done_by wish_by",
        purpose=_("what a unit did, and that another person looks"),
        basis="pipl-2021-34",
        period=KEEP_REPORTS,
        starts_with=Starts.ENDED,
        destroy=Destroy.BLANKED,
        way=Way.RUN,
        holder=HELD_REPORTS,
    ),
    plain="why",
    keys="id matter unit part task outcome asked_at accept_by object_by remind_at responded_at silent_at objected_at wish wish_until ended_at",
)
declare(
    "matters.Handover",
    PersonalData(
        "door need reach hours",
        purpose=_("to help somebody who was handed over to another unit"),
        basis="pipl-2021-13",
        period=KEEP,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.ROWS,
        teller=HANDOVERS,
    ),
    keys="id referral",
)
declare(
    "matters.HandoverLook",
    who_acted("by_label"),
    keys="id referral unit at",
)
declare(
    "matters.Hazard",
    plain="measure",
    keys="id matter grade graded_at remedy_by look looks remedied_at",
)
# ``account`` is kept only so that another person than who declined it decides; nothing counts by it.
declare(
    "matters.Exclusion",
    PersonalData(
        "account",
        purpose=_("that another person looks again"),
        basis="pipl-2021-34",
        period=None,
        starts_with=Starts.ENDED,
        destroy=Destroy.KEPT,
    ),
    plain="note",
    keys="id matter place kind ended_at batch judge task verdict unit at dropped_at",
)
# A file waits for whoever brought it, at most a day; what was taken over keeps the file's sum, not the file.
declare(
    "matters.Import",
    who_acted("by_label undone_by"),
    plain="name sha256 mapping note",
    keys="id lines matters held left_out at undone_at verdict unit decided_at decided task",
)
declare(
    "matters.ImportDraft",
    PersonalData(
        "name content account",
        purpose=_("to look at a file before it is taken over"),
        basis="pipl-2021-34",
        period=timedelta(days=1),
        starts_with=Starts.COLLECTED,
        destroy=Destroy.ROWS,
    ),
    keys="id at erase_at",
)
declare(
    "matters.ImportLine",
    plain="number",
    keys="id batch matter line",
)
declare(
    "matters.ImportMapping",
    who_acted("by_label"),
    plain="name rules",
    keys="id at",
)
# What was learned: numbers and pieces of text that ten matters and more have in common.
declare(
    "matters.Learned",
    plain="weights digest",
    keys="id target cases since until kept_out asked majority first among_three joined proposed found likely likely_found at",
)
# ``verified_by`` is an account, kept only so that somebody else looks again; nothing counts by it.
declare(
    "matters.Matter",
    PersonalData(
        "verified_by",
        purpose=_("that another person looks again"),
        basis="pipl-2021-34",
        period=None,
        starts_with=Starts.ENDED,
        destroy=Destroy.KEPT,
    ),
    plain="longitude latitude cell",
    keys="id place category channel private state handler first_receiver hops ruled merged_into root closing confirmation way tasks waiting reported_at verified_at verifier review_at review_called ended_at changed_at drill",
)
declare(
    "matters.MatterStep",
    PersonalData(
        "note",
        purpose=_("why a step was taken"),
        basis="pipl-2021-34",
        period=KEEP_REPORTS,
        starts_with=Starts.ENDED,
        destroy=Destroy.BLANKED,
        way=Way.RUN,
        holder=HELD_REPORTS,
    ),
    who_acted("by_label"),
    plain="detail",
    keys="id matter kind unit at report",
)
declare(
    "matters.Photo",
    PersonalData(
        "jpeg",
        purpose=_("to see what is to be put right"),
        basis="pipl-2021-34",
        period=KEEP_REPORTS,
        starts_with=Starts.ENDED,
        destroy=Destroy.ROWS,
        way=Way.RUN,
        holder=HELD_REPORTS,
    ),
    keys="id matter report width height at",
)
# Units rate each other, no person: ``first`` and ``second`` are scales of joint work.
declare(
    "matters.Rating",
    plain="words",
    keys="id called side first second at",
)
# A closed matter drawn by lot; ``closer`` and ``unit`` are units.
declare(
    "matters.Recheck",
    plain="note",
    keys="id matter place closer ended_at look_at task verdict unit at",
)
declare(
    "matters.Referral",
    plain="code_hash nonce",
    keys="id purpose ground place sender receiver task back state hops handed_at accept_by accepted_at answer_by not_taken result to_do to_do_by ended_at erase_at erased_at drill",
)
declare(
    "matters.ReferralStep",
    who_acted("by_label"),
    keys="id referral kind unit at",
)
declare(
    "matters.Report",
    PersonalData(
        "text spot",
        purpose=_("to put right what somebody reported"),
        basis="pipl-2021-34",
        period=KEEP_REPORTS,
        starts_with=Starts.ENDED,
        destroy=Destroy.BLANKED,
        way=Way.RUN,
        holder=HELD_REPORTS,
    ),
    PersonalData(
        "by_label confirmed satisfied",
        purpose=_("whether the reporter is content with the end"),
        basis="pipl-2021-34",
        period=None,
        starts_with=Starts.ENDED,
        destroy=Destroy.KEPT,
    ),
    plain="code_hash nonce",
    keys="id matter channel private at said_at",
)
declare(
    "matters.ReviewSession",
    who_acted("by_label"),
    plain="minutes",
    keys="id week call prepared_at ended_at conclusions_made",
)
declare(
    "matters.Sampling",
    who_acted("by_label"),
    keys="id share after_days valid_from at",
)
declare(
    "matters.Standing",
    keys="id place state drill n",
)
declare(
    "matters.StreetTally",
    plain="detail",
    keys="id place channel month kind drill n",
)
declare(
    "matters.SuggestionSwitch",
    plain="reason",
    keys="id on at",
)
# Of the whole city: nobody's decisions are counted apart.
declare(
    "matters.SuggestionTally",
    keys="id month kind word n",
)
declare(
    "matters.Tally",
    plain="detail",
    keys="id place category channel unit month kind drill n",
)
