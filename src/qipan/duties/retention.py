"""What duties holds of persons, for which purpose and how long; every column of every table of the room."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.retention import Destroy, PersonalData, Starts, declare, who_acted

declare(
    "duties.CompanyContact",
    PersonalData(
        "post line",
        purpose=_("the post of a company that answers for its contract, and the line that reaches it"),
        basis="pipl-2021-13",
        period=None,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.KEPT,
    ),
    who_acted("kept_by"),
    keys="id unit kept_at",
)
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
    plain="code name name_en credit_code",
    keys="id organ_type place first last parent valid_from valid_to synthetic",
)
