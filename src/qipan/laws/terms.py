"""The words of laws, articles and what cites them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LawKind(models.TextChoices):
    """What kind of text a law is; the order is that of its force."""

    LAW = "LAW", _("law")
    REGULATION = "REGULATION", _("administrative regulation")
    LOCAL = "LOCAL", _("local regulation")
    RULE = "RULE", _("rule of a government or department")
    NOTICE = "NOTICE", _("notice or plan")


class Use(models.TextChoices):
    """What an article may carry: each cites the article that it rests on."""

    MEASURE = "MEASURE", _("control measure")
    RESPONSE = "RESPONSE", _("emergency response")
    FORM = "FORM", _("form")
    LIST_ITEM = "LIST_ITEM", _("line of a responsibility list")
    WORK = "WORK", _("admitted work")
    DATA_PURPOSE = "DATA_PURPOSE", _("purpose of personal data")
    REQUISITION = "REQUISITION", _("requisition")
    ZONE = "ZONE", _("risk level of an area")


class Ending(models.TextChoices):
    """How a version of an article ended. Only words of ours that were put otherwise leave what cites it as it is."""

    REPEALED = "REPEALED", _("repealed")
    REPLACED = "REPLACED", _("replaced")
    REWORDED = "REWORDED", _("put in other words")


# Rank of an organ (duties' ``authority_rank``), from the lowest that is competent.
RANKS = {1: _("subdistrict"), 2: _("county or district"), 3: _("city"), 4: _("province")}


class RuleState(models.TextChoices):
    """Where a rule of an organ stands."""

    DRAFT = "DRAFT", _("draft")
    OPEN = "OPEN", _("open for comments")
    ADOPTED = "ADOPTED", _("adopted")
    ENDED = "ENDED", _("ended")
    WITHDRAWN = "WITHDRAWN", _("draft withdrawn")
