"""Purposes of personal data rest on articles of the register of laws, and say so when one is repealed (LAW-1)."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client
from django.utils.timezone import localdate

from qipan.access.testing import Cast, make_city
from qipan.journal.api import verify
from qipan.kernel.refusal import NotAllowed, Refusal
from qipan.kernel.retention import personal_data
from qipan.laws.api import (
    ArticleNotForUse,
    ArticleNotInForce,
    ArticleUnknown,
    Use,
    cite,
    cited_by,
    get_article,
    repeal_article,
    seed_laws,
)
from qipan.laws.testing import make_articles

from ..actions.resting import keep_purposes, rest_purpose
from ..models import Purpose

Entry, Citation, Task = (apps.get_model(name) for name in ("journal.Entry", "laws.Citation", "desk.Task"))
ARTICLE = "pipl-2021-34"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_city()


def resting() -> dict[str, list[str]]:
    cited = cited_by("retention.Purpose", Purpose.objects.values_list("pk", flat=True))
    return {str(Purpose.objects.get(pk=key)): [one.code for one in some] for key, some in cited.items()}


def written() -> list[int]:
    return [
        Entry.objects.count(),
        *(Citation.objects.everywhere("a test").filter(**how).count() for how in ({}, {"ended_at": None})),
    ]


@pytest.mark.row("LAW-1")
def test_every_purpose_is_declared_with_articles_that_may_carry_it(cast: Cast) -> None:
    seed_laws(by=cast.lead, at=cast.at)
    for one in personal_data():
        for code in one.articles:
            assert get_article(code, on=localdate(cast.at), use=Use.DATA_PURPOSE).code == code, one.model
    assert keep_purposes(at=cast.at) == len(list(personal_data())) == Purpose.objects.count()
    assert resting()["screening.Visit place team outcome happened_at"] == ["erl-2024-84", "erl-2024-85"]
    assert verify().differences == []
    before = written()
    assert keep_purposes(at=cast.at + timedelta(hours=1)) == 0
    assert written() == before
    page = Client().get("/privacy", headers={"Accept-Language": "en"}).content.decode()
    assert "Emergency Response Law (2024), art. 85" in page and "No article of the register" not in page


def test_what_the_register_does_not_have_yet_is_said_and_cited_later(cast: Cast) -> None:
    assert keep_purposes(at=cast.at) == 0
    assert resting() == {} and Purpose.objects.count() == len(list(personal_data()))
    assert "未引用依据库中的条文" in Client().get("/privacy").content.decode()
    make_articles()
    declared = sum(ARTICLE in one.articles for one in personal_data())
    assert keep_purposes(at=cast.at) == declared
    assert resting()["matters.Photo jpeg"] == [ARTICLE]


@pytest.mark.row("LAW-1")
def test_a_repeal_flags_the_purposes_for_everyone_and_asks_the_lead_organisation(cast: Cast) -> None:
    make_articles()
    n = keep_purposes(at=cast.at)
    assert "依据已废止" not in Client().get("/privacy").content.decode()
    repeal_article(ARTICLE, since=localdate(cast.at), reason="新法", by=cast.lead, at=cast.at)
    page = Client().get("/privacy").content.decode()
    assert page.count("依据已废止") == n
    task = Task.objects.everywhere("a test").get(source__startswith="laws:article:")
    assert task.owner.code == "5101:lead-body" and str(n) in task.title
    before = written()
    assert keep_purposes(at=cast.at) == 0  # flagged until somebody has chosen
    assert written() == before
    listed = cast.client("lead").get(f"/laws/articles/{ARTICLE}?use=DATA_PURPOSE").content.decode()
    of_all = resting()
    first = next(one for one in Purpose.objects.order_by("pk") if of_all[f"{one.model} {one.fields}"] == [ARTICLE])
    assert f"/privacy#purpose-{first.pk}" in listed and first.model in listed


def test_another_article_is_chosen_on_the_page_and_the_flag_goes(cast: Cast) -> None:
    made = make_articles()
    made["erl-2024-87"].uses = [Use.DATA_PURPOSE.value]
    made["erl-2024-87"].save()
    keep_purposes(at=cast.at)
    repeal_article(ARTICLE, since=localdate(cast.at), reason="新法", by=cast.lead, at=cast.at)
    purpose = Purpose.objects.get(model="matters.Photo")
    client, path = cast.client("lead"), f"/privacy/{purpose.pk}"
    assert f'href="{path}"' in client.get("/privacy").content.decode()
    assert f'href="{path}"' not in cast.client("worker").get("/privacy").content.decode()
    assert "依据已废止" in client.get(path).content.decode()
    before = written()
    assert client.post(path, {"article": ARTICLE}).status_code == 400  # offered no more
    assert client.post(path, {}).status_code == 400
    assert cast.client("worker").post(path, {"article": "erl-2024-87"}).status_code == 403
    assert written() == before
    assert client.post(path, {"article": "erl-2024-87"})["Location"] == f"/privacy#purpose-{purpose.pk}"
    assert resting()["matters.Photo jpeg"] == ["erl-2024-87"]
    assert "依据已废止" not in client.get(path).content.decode()
    assert keep_purposes(at=cast.at) == 0 and resting()["matters.Photo jpeg"] == ["erl-2024-87"]
    assert Entry.objects.get(act="retention.rest_purpose").data == {
        "purpose": "matters.Photo jpeg",
        "article": "erl-2024-87",
    }
    assert verify().differences == []


@pytest.mark.parametrize(
    ("who", "article", "refusal"),
    [
        ("worker", ARTICLE, NotAllowed),
        ("lead", "none", ArticleUnknown),
        ("lead", "erl-2024-72", ArticleNotForUse),
        ("lead", "pipl-2021-34", ArticleNotInForce),
    ],
)
def test_a_choice_that_is_refused_writes_nothing(cast: Cast, who: str, article: str, refusal: type[Refusal]) -> None:
    make_articles()
    keep_purposes(at=cast.at)
    purpose, at = Purpose.objects.get(model="matters.Photo"), cast.at
    if refusal is ArticleNotInForce:
        repeal_article(article, since=localdate(cast.at), reason="新法", by=cast.lead, at=cast.at)
    before = written()
    with pytest.raises(refusal):
        rest_purpose(purpose, article=article, by=getattr(cast, who), at=at)
    assert written() == before and resting()["matters.Photo jpeg"] == [ARTICLE]


def test_what_is_declared_no_more_cites_no_more(cast: Cast) -> None:
    make_articles()
    old, lead = Purpose.objects.create(model="matters.Nothing", fields="reach"), cast.unit("5101:lead-body")
    cite(old, ARTICLE, use=Use.DATA_PURPOSE, unit_id=lead.pk, place=lead.place, at=cast.at)
    keep_purposes(at=cast.at)
    assert not Purpose.objects.filter(model="matters.Nothing").exists()
    assert Citation.objects.everywhere("a test").get(subject=f"retention.Purpose:{old.pk}").ended_at == cast.at
    assert verify().differences == []
