"""Which import had brought a declined matter so, and who imported it: another person decides of it as a whole."""

from typing import Any

from django.db import migrations
from django.db.models import F, OuterRef, Subquery


def find(apps: Any, schema_editor: Any) -> None:
    """This function will name the import of what it brought as declined. What was declined here later has another time,
    and what no import brought has none.
    """
    rows = apps.get_model("matters", "Exclusion").objects.filter(judge=None, task=None)
    lines = apps.get_model("matters", "ImportLine").objects.filter(matter=OuterRef("matter"))
    brought = rows.filter(matter__imported__batch__at__gte=F("ended_at"))
    brought.update(batch=Subquery(lines.values("batch")[:1]))
    acts = apps.get_model("journal", "Entry").objects.filter(act="matters.import").exclude(by_account=None)
    for subject, account in acts.values_list("subject", "by_account"):
        rows.filter(batch=int(subject.rpartition(":")[2]), account=None).update(account=account)


def forget(apps: Any, schema_editor: Any) -> None:
    """This function will leave everything: the column goes with the migration before."""


class Migration(migrations.Migration):
    dependencies = [("matters", "0038_exclusions_by_import"), ("journal", "0001_initial")]

    operations = [migrations.RunPython(find, forget)]
