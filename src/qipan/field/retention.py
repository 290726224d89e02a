"""What field holds of persons, for which purpose and how long; every column of every table of the room."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from qipan.kernel.retention import Destroy, PersonalData, Starts, declare

# Beside an answer, by its name; a photograph is written anew without where and by which camera.
declare(
    "field.DeviceList",
    PersonalData(
        "device holder head before missing",
        purpose=_("that nothing is lost between a phone and the city"),
        basis="pipl-2021-34",
        period=timedelta(days=30),
        starts_with=Starts.COLLECTED,
        destroy=Destroy.ROWS,
    ),
    keys="id team place broken_at emptied_at compared_at erase_at",
)
