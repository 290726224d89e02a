"""What territory holds of persons, for which purpose and how long; every column of every table of the room."""

from qipan.kernel.retention import declare

declare(
    "territory.Area",
    plain="code parent_code name name_en",
    keys="id hierarchy level valid_from valid_to synthetic",
)
declare(
    "territory.AreaRange",
    plain="code",
    keys="id hierarchy first last valid_from valid_to",
)
declare(
    "territory.Change",
    plain="source",
    keys="id kind valid_from at synthetic",
)
declare(
    "territory.Compound",
    plain="name name_en",
    keys="place kind doors has_screen synthetic",
)
declare(
    "territory.Denominator",
    plain="code definition source",
    keys="id hierarchy kind value valid_from synthetic",
)
declare(
    "territory.Door",
    plain="building entrance label",
    keys="place",
)
declare(
    "territory.Outline",
    plain="code geometry simplified source_datum source",
    keys="id hierarchy valid_from synthetic",
)
