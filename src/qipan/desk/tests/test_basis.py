"""What rests on an article that is repealed is reviewed by whoever owns it (LAW-1)."""

from datetime import timedelta

import pytest
from django.utils.timezone import localdate

from qipan.desk.actions.admissions import apply_admission, decide_admission
from qipan.desk.models import Admission, Task
from qipan.laws.api import ArticleUnknown, Use, cite, flags_of, repeal_article
from qipan.laws.testing import make_articles


@pytest.fixture(autouse=True)
def articles(city):
    return make_articles()


def applied(city, **said):
    how = {"title": "评估", "minutes_per_unit": 5, "valid_from": city.at, "valid_to": city.at + timedelta(days=9)}
    return apply_admission(**how, **said, by=city.department, at=city.at)


def tasks():
    return Task.objects.everywhere("a test").filter(source__startswith="laws:article:").select_related("owner")


@pytest.mark.row("LAW-1")
def test_each_owner_is_asked_once_for_all_that_lost_its_basis(city):
    head, worker = city.unit("510104:district-command"), city.unit("510104001001:community")
    for n, owner in enumerate((head, head, worker)):
        cite(f"forms.Form:{n}", "erl-2024-87", use=Use.FORM, unit_id=owner.pk, place=owner.place, at=city.at)
    admission = applied(city, article="erl-2024-87")
    since = localdate(city.at) + timedelta(days=3)
    repeal_article("erl-2024-87", since=since, reason="新法", by=city.lead, at=city.at)
    asked = {(task.owner.code, task.title, task.basis) for task in tasks()}
    said = f"请复核以《突发事件应对法（2024年修订）》第87条为依据的事项（{since.isoformat()}终止）："
    assert asked == {
        ("510104:district-command", f"{said}2项", "新法"),
        ("5101:health", f"{said}1项", "新法"),
        ("5101:lead-body", f"{said}1项", "新法"),  # the community's: it decides no basis
    }
    assert list(flags_of("desk.Admission", [admission.pk])) == [admission.pk]
    shown = city.client("worker").get("/admissions").content.decode()
    assert "依据已废止" in shown and "/laws/articles/erl-2024-87" in shown


def test_an_article_that_nothing_rests_on_asks_nobody(city):
    repeal_article("erl-2024-87", since=localdate(city.at), reason="新法", by=city.lead, at=city.at)
    assert not tasks().exists()


def test_refused_work_rests_on_nothing_and_an_unknown_article_is_refused(city):
    with pytest.raises(ArticleUnknown):
        applied(city, article="no-such")
    assert not Admission.objects.exists()
    admission = applied(city, article="erl-2024-87")
    assert admission.basis == "《突发事件应对法（2024年修订）》第87条"
    decide_admission(admission, admitted=False, reason="重复", by=city.lead, at=city.at)
    repeal_article("erl-2024-87", since=localdate(city.at), reason="新法", by=city.lead, at=city.at)
    assert flags_of("desk.Admission", [admission.pk]) == {} and not tasks().exists()
