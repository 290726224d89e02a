"""What warnings holds of persons: who acted, and nothing else. A warning speaks of places and of what to do."""

from qipan.kernel.retention import declare, who_acted

declare(
    "warnings.ReceivedAlert",
    who_acted("by_label"),
    plain="sender identifier status msg_type event severity headline areas cap state reason",
    keys="id sent_at expires_at warning unit received_at",
)
declare(
    "warnings.Warning",
    plain="identifier msg_type kind urgency certainty basis headline headline_en description description_en instruction "
    "instruction_en reason",
    keys="id colour issuer starts_at expires_at sent_at replaces lapsed_at drill",
)
declare(
    "warnings.WarningGround",
    plain="code",
    keys="id warning first last",
)
