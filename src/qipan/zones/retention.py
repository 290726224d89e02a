"""What zones holds of persons: who acted, and nothing else; every column of every table of the room. Counts are numbers."""

from qipan.kernel.retention import declare, who_acted

declare(
    "zones.Correction",
    who_acted("by_label"),
    plain="hazard_input reason source",
    keys="id place level day before after at",
)
declare(
    "zones.Count",
    plain="hazard_input",
    keys="id place level day n unit at",
)
declare(
    "zones.RiskZone",
    who_acted("by_label"),
    plain="hazard code reasons words",
    keys="id rule_set area_level place first last level counted_to starts_at ends_at confirmed_at unit",
)
declare(
    "zones.RuleSet",
    who_acted("by_label"),
    plain="code title title_en hazard unit_reason levels basis source note note_en end_basis",
    keys="id version unit minimum_rank valid_from valid_to ends_at trial published_at",
)
