"""What the desk has open for an emergency: work that was admitted on its declaration (``kernel.opened``)."""

from datetime import datetime

from qipan.kernel.opened import Emergency, OpenLine

from ..models import Admission
from ..terms import AdmissionState


def open_lines(emergency: Emergency, *, at: datetime) -> list[OpenLine]:
    """This function will list the admissions that rest on a declaration and hold; who applied owns them."""
    rows = Admission.objects.filter(
        declaration=emergency.number, state=AdmissionState.ADMITTED, valid_to__gt=at, drill=emergency.drill
    )
    return [
        OpenLine(
            "ADMISSION",
            f"desk.Admission:{pk}",
            title,
            demander,
            valid_from,
            detail={"admission": pk},
        )
        for pk, title, demander, valid_from in rows.order_by("pk").values_list("pk", "title", "demander", "valid_from")
    ]
