"""What gateways holds of persons, for which purpose and how long; every column of every table of the room."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.retention import Destroy, PersonalData, Starts, declare

declare(
    "gateways.Attribute",
    plain="category_code code description description_en values",
    keys="id order datatype required",
)
declare(
    "gateways.Endpoint",
    PersonalData(
        "contact",
        purpose=_("whom partners write to: an office"),
        basis="pipl-2021-34",
        period=None,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.KEPT,
    ),
    plain="jurisdiction",
    keys="id keys_needed changed_at",
)
# The address may name an office's mailbox; it is sealed.
declare(
    "gateways.NoticeChannel",
    PersonalData(
        "url",
        purpose=_("where a unit's notices go"),
        basis="pipl-2021-34",
        period=None,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.KEPT,
    ),
    plain="name service kinds outcome",
    keys="id unit audience standing created_at tried_at delivered_at failures failing_since rest_until",
)
declare(
    "gateways.Partner",
    plain="name key_hash key_hint",
    keys="id most_an_hour created_at ended_at",
)
declare(
    "gateways.Subscription",
    PersonalData(
        "url",
        purpose=_("where a partner's program is told"),
        basis="pipl-2021-13",
        period=None,
        starts_with=Starts.COLLECTED,
        destroy=Destroy.KEPT,
    ),
    plain="kinds outcome",
    keys="id partner standing secret_version created_at tried_at delivered_at failures failing_since rest_until",
)
