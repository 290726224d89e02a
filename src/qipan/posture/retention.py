"""What posture holds of persons, for which purpose and how long; every column of every table of the room."""

from qipan.kernel.retention import declare, who_acted

declare(
    "posture.CommandConflict",
    keys="id prevails yields first last level other_level found_at",
)
declare(
    "posture.Declaration",
    plain="number matter hazard basis measures end_reason",
    keys="id level issuer follows starts_at expected_until decided_at ended_at drill",
)
declare(
    "posture.DeclarationStep",
    who_acted("by_label"),
    plain="reason",
    keys="id declaration kind level expected_until at",
)
declare(
    "posture.DeclaredGround",
    plain="code",
    keys="id declaration first last",
)
declare(
    "posture.Measure",
    plain="kind hazard title basis over_reason guidance end_kind end_reason",
    keys="id declaration issuer first last starts_at expires_at review_at told_at lifted_at tasks_of extends drill",
)
declare(
    "posture.OpenEnd",
    keys="measure ends_at",
)
declare(
    "posture.Posture",
    plain="basis",
    keys="id declaration kind level first last since until ended_at rank drill",
)
