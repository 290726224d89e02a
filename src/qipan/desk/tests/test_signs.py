"""What may hang at a community's door; what is not on the list is a complaint to the lead organisation (SVC-12)."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from qipan.access.testing import Cast, make_city
from qipan.desk import rules
from qipan.desk.actions.receipts import answer_task
from qipan.desk.actions.signs import MayHang, SignDecided, decide_sign, end_sign, list_sign, report_sign
from qipan.desk.models import Sign, SignReport, Task
from qipan.desk.queries.signs import listed
from qipan.journal.api import entries_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, Refusal

ENGLISH = {"headers": {"Accept-Language": "en"}}


@pytest.fixture
def city(db: None) -> Cast:
    return make_city()


def report(city: Cast, words: str = "模范阅读驿站", **changes) -> SignReport:
    said = {"words": words, "demander": city.unit("5101:health"), "by": city.worker, "at": city.at}
    return report_sign(**said | changes)


def held() -> tuple[int, int, int]:
    return (
        SignReport.objects.everywhere("a test").count(),
        Task.objects.everywhere("a test").count(),
        Sign.objects.count(),
    )


@pytest.mark.row("SVC-12")
class TestReports:
    def test_an_unlisted_plaque_is_a_complaint_on_the_lead_organisations_desk(self, city: Cast):
        made = report(city)
        task = made.task
        assert task is not None
        assert (task.owner.code, task.asker.code) == ("5101:lead-body", "510104001001:community")
        assert (task.kind, task.source, task.state, task.clock) == (
            "REQUEST",
            f"sign:{made.pk}",
            "SENT",
            "WORKING_DAYS",
        )
        assert "模范阅读驿站" in task.title and city.unit("5101:health").name in task.title
        assert (made.state, made.place, made.demander.code) == ("REPORTED", task.place, "5101:health")
        desk = city.client("lead").get("/desk").content.decode()
        assert "模范阅读驿站" in desk
        opened = city.client("lead").get(f"/desk/tasks/{task.pk}").content.decode()
        assert 'href="/signs"' in opened.partition("<main")[2]

    def test_the_task_stands_in_the_language_of_the_city_whoever_reports(self, city: Cast):
        with override("en"):
            task = report(city).task
        assert task is not None
        assert task.title == "锦江一街一社区有名录外标牌：“模范阅读驿站”（要求悬挂：成都市卫生健康委员会）"
        assert task.basis == "社区准予悬挂标牌名录"

    def test_the_same_again_is_the_same_report(self, city: Cast):
        assert report(city).pk == report(city, " 模范阅读驿站 ").pk
        assert held() == (1, 1, 0)
        report(city, by=city.neighbour_worker)
        assert held() == (2, 2, 0)

    def test_what_is_on_the_list_may_hang(self, city: Cast):
        list_sign(name="社区党群服务中心", name_en="Community service centre", basis="list 1", by=city.lead, at=city.at)
        for words in ("社区党群服务中心", "社区 党群·服务中心", "COMMUNITY SERVICE CENTRE"):
            with pytest.raises(MayHang) as refusal:
                report(city, words)
            assert refusal.value.data["basis"] == "list 1"
        assert held() == (0, 0, 1)

    def test_only_who_executes_reports_and_never_without_words(self, city: Cast):
        for by in (city.department, city.lead, city.auditor):
            with pytest.raises(NotAllowed):
                report(city, by=by)
        with pytest.raises(BadInput):
            report(city, "  ")
        assert held() == (0, 0, 0)


@pytest.mark.row("SVC-12")
class TestDecisions:
    @pytest.mark.parametrize(
        ("may_hang", "state", "names"), [(False, "TAKE_DOWN", []), (True, "MAY_HANG", ["模范阅读驿站"])]
    )
    def test_a_decision_ends_the_task_and_may_put_it_on_the_list(self, city: Cast, may_hang, state, names):
        made = report(city)
        done = decide_sign(made, may_hang=may_hang, reason="减负清单", by=city.lead, at=city.at + timedelta(minutes=30))
        task = Task.objects.everywhere("a test").get()
        assert (done.state, task.state, task.note) == (state, "DONE", "减负清单")
        assert [(one.name, one.basis) for one in listed(city.at)] == [(name, "减负清单") for name in names]
        assert [entry.data["state"] for entry in entries_of("desk.decide_sign")] == [state]
        with pytest.raises(SignDecided):
            decide_sign(made, may_hang=False, reason="again", by=city.lead, at=city.at)

    def test_refusals_write_nothing(self, city: Cast):
        made = report(city)
        with pytest.raises(NotAllowed):
            decide_sign(made, may_hang=True, reason="x", by=city.worker, at=city.at)
        with pytest.raises(BadInput):
            decide_sign(made, may_hang=True, reason=" ", by=city.lead, at=city.at)
        # The desk's own button cannot pass over the page.
        with pytest.raises(Refusal) as refusal:
            answer_task(made.task, state="DONE", by=city.lead, at=city.at)
        assert refusal.value.code == "said_on_its_page"
        made.refresh_from_db()
        assert (made.state, held(), list(entries_of("desk.decide_sign"))) == ("REPORTED", (1, 1, 0), [])

    def test_the_list_is_kept_by_date(self, city: Cast):
        sign = list_sign(name="居民委员会", basis="organisation law", by=city.lead, at=city.at)
        assert list_sign(name="居民委员会", basis="another", by=city.lead, at=city.at).pk == sign.pk
        with pytest.raises(NotAllowed):
            end_sign(sign, by=city.department, at=city.at)
        end_sign(sign, by=city.lead, at=city.at + timedelta(days=2))
        assert [one.name for one in listed(city.at)] == ["居民委员会"]
        assert listed(city.at + timedelta(days=2)) == []
        with pytest.raises(NotFound):
            end_sign(sign, by=city.lead, at=city.at)
        assert report(city, "居民委员会", at=city.at + timedelta(days=2)).state == "REPORTED"


@pytest.mark.row("SVC-12")
def test_through_the_pages(city: Cast):
    worker, lead = city.client("worker"), city.client("lead")
    assert "nothing may be demanded" in worker.get("/signs", **ENGLISH).content.decode()
    listing = {"name": "居民委员会", "name_en": "Residents' committee", "basis": "organisation law"}
    assert worker.post("/signs/list", listing).status_code == 403
    assert lead.post("/signs/list", listing | {"basis": ""}).status_code == 400
    assert lead.post("/signs/list", listing).status_code == 302
    refused = worker.post("/signs/report", {"words": "居民委员会"}, **ENGLISH)
    assert (refused.status_code, "on the list of what may hang" in refused.content.decode()) == (409, True)
    assert worker.post("/signs/report", {"words": ""}).status_code == 400
    assert held() == (0, 0, 1)
    assert worker.post("/signs/report", {"words": "示范点"}).status_code == 302
    made = SignReport.objects.everywhere("a test").get()
    assert "示范点" in worker.get("/signs").content.decode()
    assert "示范点" not in city.client("neighbour_worker").get("/signs").content.decode()
    said = {"pk": made.pk, "may_hang": "0", "reason": "减负"}
    assert worker.post("/signs/decide", said).status_code == 403
    assert lead.post("/signs/decide", said | {"reason": ""}).status_code == 400
    assert lead.post("/signs/decide", said).status_code == 302
    assert lead.post("/signs/decide", said).status_code == 409
    assert "to be taken down" in worker.get("/signs", **ENGLISH).content.decode()
    assert lead.post("/signs/end", {"pk": Sign.objects.get().pk}).status_code == 302
    assert lead.post("/signs/lost", {}).status_code == 404
    assert city.client("stranger").get("/signs").status_code == 404


@dataclass(frozen=True)
class Line:
    name: str
    name_en: str = ""


@pytest.mark.row("SVC-12")
@given(words=st.text(), others=st.lists(st.text()))
def test_a_plaque_is_on_the_list_when_its_words_are(words: str, others: list[str]):
    signs = [Line(one) for one in others]
    found = rules.sign_named(words, signs)
    assert (found is not None) == (rules.plain(words) != "" and rules.plain(words) in map(rules.plain, others))
    own = Line("x", words)
    assert rules.sign_named(f" {words} ", [own]) is (own if rules.plain(words) else None)
