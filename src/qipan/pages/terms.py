"""Words of the board."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Metric(models.TextChoices):
    """What may shade the map and sort the list."""

    COVERAGE = "coverage", _("Coverage")
    RECEIPTS = "receipts", _("Directives read")
    TASKS = "tasks", _("Tasks on time")


class Listing(models.TextChoices):
    """The lists that the board's figures open: each holds exactly the rows that were counted."""

    TASKS_OPEN = "tasks-open", _("Open tasks")
    TASKS_LATE = "tasks-late", _("Late tasks")
    TASKS_TODAY = "tasks-today", _("Tasks due today")
    SERVICE_OPEN = "service-open", _("Open requests and task cards")
    SERVICE_LATE = "service-late", _("Late requests and task cards")
    SERVICE_TODAY = "service-today", _("Requests and task cards due today")
    FORMS = "forms", _("Forms open here")
    MEASURES = "measures", _("Measures in force")
    ENDING = "measures-ending", _("Measures that end today")
    LEFT = "left", _("Doors that are left")
    TREND = "trend", _("Coverage over time")
    UNREAD = "unread", _("Who has not read")
    UNDELIVERED = "undelivered", _("Who has not received")
    TEAMS = "teams", _("Teams")
    UNCOVERED = "uncovered", _("Shifts that nobody fills")
