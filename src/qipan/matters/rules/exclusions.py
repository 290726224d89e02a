"""Who may decide that something declined is left out of the rates (users.md, section 6). Pure."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import Refusal

DECIDE = "5wd"  # until it is decided, it counts in the rates


class NoExclusion(Refusal):
    code = "no_exclusion"
    sentence = _("Nothing waits here for a decision whether it is left out of the rates.")


class SecondPerson(Refusal):
    """Whoever declined something would take it out of the rates by which the own office is judged."""

    code = "second_person"
    sentence = _(
        "Who declined or imported it does not decide whether it is left out of the rates: another person must look."
    )
    status = 403


def is_judge(unit: int | None, judge: int | None) -> bool:
    """This function will say whether a unit is the one that is asked; where none is asked, no unit is, nor a post without one."""
    return judge is not None and unit == judge


def check_second(proposer: int | None, account: int | None) -> None:
    """This function will pass for another person than who declined it; raises ``SecondPerson``."""
    if account is None or account == proposer:
        raise SecondPerson
