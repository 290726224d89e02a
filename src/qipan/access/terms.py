"""The acts that a post can give: a closed list, so that a mistyped right is an error and not a hole."""

from django.utils.translation import gettext_lazy as _

ACTS = {
    "board.view": _("see the board"),
    "wall.view": _("show the wall screen"),
    "desk.view": _("see the unit's desk"),
    "task.answer": _("answer tasks"),
    "admission.apply": _("apply for admission of work"),
    "admission.decide": _("decide on admission of work"),
    "declaration.issue": _("declare an emergency response"),
    "measure.impose": _("impose and lift measures"),
    "playbook.edit": _("edit playbooks"),
    "playbook.activate": _("activate playbooks"),
    "release.run": _("run the release"),
    "directive.issue": _("issue directives"),
    "directive.recall": _("recall directives"),
    "campaign.open": _("open screening campaigns"),
    "campaign.view": _("see screening campaigns"),
    "visit.submit": _("hand in visits"),
    "conflict.decide": _("decide conflicting visits"),
    "team.manage": _("form teams and fill shifts"),
    "pass.issue": _("issue and revoke passes"),
    "territory.import": _("import areas"),
    "register.edit": _("edit the register and the organs"),
    "account.manage": _("manage accounts and posts"),
    "journal.verify": _("verify the journal"),
    "escalation.receive": _("receive escalations"),
}
