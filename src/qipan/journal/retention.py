"""What journal holds of persons, for which purpose and how long; every column of every table of the room."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from qipan.kernel.retention import Destroy, PersonalData, Starts, declare, who_acted

declare(
    "journal.Entry",
    PersonalData(
        "by_account by_post by_pass data",
        purpose=_("the record of acts, chained: whoever may act is answerable"),
        basis="pipl-2021-34",
        period=None,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.KEPT,
    ),
    who_acted("by_label"),
    plain="act subject digest hash",
    keys="id at place drill seq",
)
declare(
    "journal.Message",
    PersonalData(
        "payload failed_reason",
        purpose=_("to send a message once"),
        basis="pipl-2021-34",
        period=timedelta(days=30),
        starts_with=Starts.ENDED,
        destroy=Destroy.BLANKED,
    ),
    plain="channel key",
    keys="id created_at not_before attempts sent_at drill",
)
