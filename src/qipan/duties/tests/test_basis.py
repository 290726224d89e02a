"""Lines of the lists that rest on an article of the register (LAW-1)."""

from datetime import timedelta

import pytest
from django.utils.timezone import localdate

from qipan.duties.actions.lists import COLUMNS, get_item, import_lists, set_duty
from qipan.duties.api import OrganType, Responsibility
from qipan.kernel.refusal import BadInput
from qipan.laws.api import ArticleNotForUse, flags_of, repeal_article
from qipan.laws.testing import make_articles

LABEL = "duties.Responsibility"


@pytest.fixture(autouse=True)
def articles(city):
    return make_articles()


def put(city, **said):
    today = localdate(city.at)
    item, organ = get_item("pest-control", on=today), OrganType.objects.get(code="property-company")
    how = {"role": "PRIMARY", "basis": "", "version": "2026", "begins": today, "by": city.lead, "at": city.at}
    return set_duty(item, organ, **{**how, **said})


@pytest.mark.row("LAW-1")
def test_a_line_whose_article_is_repealed_is_flagged_on_its_page(city):
    line = put(city, article="civil-2021-942")
    assert (line.basis, line.basis_en) == ("《民法典》第942条", "Civil Code, art. 942")
    assert flags_of(LABEL, [line.pk]) == {}
    repeal_article("civil-2021-942", since=localdate(city.at), reason="新法", by=city.lead, at=city.at)
    assert list(flags_of(LABEL, [line.pk])) == [line.pk]
    for address in ("/duties/items/pest-control", "/duties"):
        assert "依据已废止" in city.client("worker").get(address).content.decode()
    shown = city.client("lead").get("/laws/articles/civil-2021-942").content.decode()
    assert "/duties/items/pest-control" in shown and "城乡社区发展治理委员会" in shown


def test_an_article_for_other_uses_carries_no_line(city):
    before = list(Responsibility.objects.order_by("pk").values())
    with pytest.raises(ArticleNotForUse):
        put(city, article="erl-2024-73")
    assert list(Responsibility.objects.order_by("pk").values()) == before


def test_a_line_that_ends_cites_no_longer(city):
    line = put(city, article="civil-2021-942")
    later = put(city, article="civil-2021-285", begins=localdate(city.at) + timedelta(days=1))
    repeal_article("civil-2021-942", since=localdate(city.at), reason="新法", by=city.lead, at=city.at)
    assert flags_of(LABEL, [line.pk, later.pk]) == {}


def test_a_file_names_articles_or_leaves_the_column_out(city):
    today = localdate(city.at)
    how = {"version": "2027", "begins": today, "by": city.lead, "at": city.at}
    line = dict(zip(COLUMNS, ("pest", "SERVICE", "防虫", "", "property-company", "PRIMARY", "法", "", ""), strict=True))
    old = {name: value for name, value in line.items() if name != "article"}
    assert import_lists([old], **how).added == 1
    with pytest.raises(BadInput) as refused:
        import_lists([line | {"article": "no-such"}], **how)
    assert refused.value.problems == ["第 2 行：法律依据库中没有条文“no-such”，请从列表中选择。"]
    assert import_lists([line | {"article": "civil-2021-285"}], **how).changed == 1
    (kept,) = Responsibility.objects.filter(valid_to=None)
    assert kept.article == "civil-2021-285"
    repeal_article("civil-2021-285", since=today, reason="新法", by=city.lead, at=city.at)
    assert list(flags_of(LABEL, [kept.pk])) == [kept.pk]
