"""What duties holds of persons, for which purpose and how long; every column of every table of the room."""

from qipan.kernel.retention import declare

declare(
    "duties.OrganType",
    plain="code name name_en unit_name unit_name_en",
    keys="id level is_command is_lead executes_only authority_rank",
)
declare(
    "duties.Responsibility",
    plain="item_code basis basis_en article version",
    keys="id organ_type unit role example valid_from valid_to",
)
declare(
    "duties.ResponsibilityItem",
    plain="code name name_en",
    keys="id kind valid_from valid_to",
)
declare(
    "duties.Stewardship",
    keys="id unit place helps valid_from valid_to",
)
declare(
    "duties.Unit",
    plain="code name name_en",
    keys="id organ_type place first last parent valid_from valid_to synthetic",
)
