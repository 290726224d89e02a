"""What the clock does: the list of what is due and what purposes rest on each hour, approved destructions each minute."""

from huey import crontab

from qipan.kernel.clock import now
from qipan.kernel.queue import every, slow

from .actions.lots import refresh_lots
from .actions.resting import keep_purposes
from .actions.running import carry_out_approved


@slow.periodic_task(crontab(minute="12"))
def list_each_hour() -> None:
    """This job will keep what is due, and what purposes rest on."""
    refresh_lots(at=now())
    keep_purposes(at=now())


@every(60)
def carry_out_each_minute() -> None:
    """This beat will carry out what two people decided, going on where an earlier one ended; it may last many minutes."""
    carry_out_approved(at=now())
