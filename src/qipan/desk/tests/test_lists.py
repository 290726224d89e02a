"""An overlap of the responsibility lists is a task of the lead organisation."""

import pytest
from django.utils.timezone import localdate

from qipan.desk.api import Task
from qipan.duties.api import Unit, items_on, set_duty


@pytest.mark.row("ORG-4")
def test_two_primaries_on_the_same_ground_are_put_on_the_lead_organisations_desk(city):
    today = localdate(city.at)
    item = items_on(today).get(code="noise")
    how = {"basis": "法", "version": "v", "begins": today, "by": city.lead, "at": city.at}
    tasks = Task.objects.everywhere("a test").filter(source__startswith="duties:")
    assert not tasks.exists()
    set_duty(item, Unit.objects.get(code="5101:public-security"), role="PRIMARY", **how)
    task = tasks.get()
    assert task.owner.code == "5101:lead-body" == task.asker.code
    assert task.source == f"duties:overlap:{item.pk}:{today:%Y%m%d}"
    assert task.title == "厘清“噪声扰民”的主责单位：成都市公安局 / 成都市生态环境局"
    assert task.due_at is not None and task.closed_at is None
    set_duty(item, Unit.objects.get(code="5101:justice"), role="COOPERATING", **how)
    assert tasks.count() == 1
