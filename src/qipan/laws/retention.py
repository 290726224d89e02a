"""What laws holds of persons, for which purpose and how long; every column of every table of the room."""

from qipan.kernel.retention import declare

declare(
    "laws.Article",
    plain="code number link summary summary_en uses end_reason",
    keys="id law minimum_rank valid_from valid_to ending successor",
)
declare(
    "laws.Citation",
    plain="subject",
    keys="id use article unit_id place cited_at ended_at",
)
declare(
    "laws.CitationCount",
    keys="id article use unit_id place n",
)
declare(
    "laws.Law",
    plain="code name name_en link",
    keys="id kind",
)
