"""What the reserves hold of persons: who counted and handed out; firms are named by their unit, what they lend by count."""

from qipan.kernel.retention import declare, who_acted

declare(
    "reserves.Offer",
    plain="kind conditions",
    keys="id quantity rate firm place first last offered_at valid_until withdrawn_at",
)
declare(
    "reserves.Agreement",
    plain="number decline_reason",
    keys="id payer firm place starts_at ends_at notice_hours payment_days payer_signed_at firm_signed_at declined_at"
    " replaces stopped_at",
)
declare(
    "reserves.AgreementLine",
    plain="kind conditions",
    keys="id quantity rate agreement offer first last",
)
declare(
    "reserves.Call",
    plain="purpose basis end_reason nonce",
    keys="id kind agreement declaration caller firm place first last ordered_at starts_at expected_until ended_at"
    " noted_at payment_days drill",
)
declare(
    "reserves.CallLine",
    plain="kind described condition return_condition",
    keys="id quantity rate call line damage_fen return_said_by return_said_at returned_at",
)
declare(
    "reserves.CostSheet",
    plain="voucher",
    keys="id call opened_at handed_in_at due_at decided_at paid_at paid_on told_at entered accepted",
)
declare(
    "reserves.CostLine",
    plain="what reason objection",
    keys="id sheet kind called day quantity rate amount state decided_at",
)
declare(
    "reserves.Store",
    who_acted("counted_by"),
    plain="name measure kept_at",
    keys="id unit place amount per_day use_by added_at counted_at ended_at",
)
declare(
    "reserves.Handout",
    who_acted("handed_by"),
    plain="purpose missing_why nonce",
    keys="id store to declaration quantity handed_at back_by back_at came_back",
)
