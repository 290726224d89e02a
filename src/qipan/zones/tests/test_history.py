"""Real history: 541 city codes of 2020 with 851 totals that fell, Shanghai's streets of 2022; skipped where absent."""

import csv
from collections import defaultdict
from datetime import date
from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import F, Sum

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import code_of, range_of
from qipan.kernel.testing import real_data
from qipan.territory.api import DivisionRow, import_divisions
from qipan.zones.actions.counts import Given, report_counts
from qipan.zones.actions.rule_sets import publish_missing
from qipan.zones.models import Correction, Count
from qipan.zones.queries.counts import rule_of
from qipan.zones.queries.history import what_if
from qipan.zones.rules.engine import days_by_level, zone
from qipan.zones.rules.series import daily
from qipan.zones.rules.sets import Criterion, Rule

from .conftest import AT
from .test_rule_sets import SHIPPED

pytestmark = [pytest.mark.row("EMG-15", "EMG-16")]
RULE = Rule(4, ((3, (Criterion("new_cases", 51),)), (2, (Criterion("new_cases", 1, 14),))))


def test_every_fall_of_the_real_series_is_kept_and_no_day_is_below_nought():
    """Confirmed cases of 2020 fall 851 times by code of province and city, 72 times in the 540 cities with a code.

    The other 779 come from places that have no code of their own and share the empty one.
    """
    path = real_data("covid/china_city_daily_2020.csv")
    by_code: dict[tuple[str, str], list[int]] = defaultdict(list)
    cities: dict[str, list[tuple[date, int]]] = defaultdict(list)
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            by_code[row["provinceCode"], row["cityCode"]].append(int(row["confirmed"]))
            if row["cityCode"]:
                cities[row["cityCode"]].append((date.fromisoformat(row["date"]), int(row["confirmed"])))
    falls = 0
    for totals in by_code.values():
        counts, found = daily([(date.fromordinal(n), total) for n, total in enumerate(totals, 1)])
        falls += len(found)
        assert sum(counts.values()) == totals[-1]
        assert min(counts.values()) >= 0
        assert all(one.before - one.after == sum(had - left for _day, had, left in one.taken) for one in found)
    assert (len(by_code), falls) == (575, 851)

    falls, areas = 0, {}
    for code, own in cities.items():
        counts, found = daily(own)
        falls += len(found)
        assert sum(counts.values()) == own[-1][1]
        areas[code] = {"new_cases": {day.toordinal(): n for day, n in counts.items() if n}}
    assert (len(cities), falls) == (540, 72)
    spans = dict(zone(RULE, areas, first=date(2020, 1, 1), last=date(2020, 12, 9)))
    days = days_by_level(span for own in spans.values() for span in own)
    assert sum(days.values()) == 540 * 344
    assert days[3] > 0 and days[2] > 0


@pytest.mark.django_db
def test_every_series_goes_through_the_database_with_its_851_falls(keeper):
    """Each of the 575 codes has a community of its own; of its 170,477 lines those that say another total than the day before."""
    path = real_data("covid/china_city_daily_2020.csv")
    by_code: dict[tuple[str, str], list[int]] = defaultdict(list)
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            by_code[row["provinceCode"], row["cityCode"]].append(int(row["confirmed"]))
    codes = [f"510104001{n:03d}" for n in range(1, len(by_code) + 1)]
    place = [("5101", "市", 1, "51"), ("510104", "区", 2, "5101"), ("510104001", "街道", 3, "510104")]
    rows = [DivisionRow(*one) for one in place] + [DivisionRow(code, code, 4, "510104001") for code in codes]
    surveyor = Actor.system("surveyor", acts=["territory.import"], ranges=[range_of("51")])
    import_divisions(rows, valid_from=date(2019, 1, 1), source="a test", by=surveyor, at=AT)
    series = dict(zip(codes, by_code.values(), strict=True))
    first = date(2019, 12, 1).toordinal()
    given = [
        Given(n, "new_cases", code, date.fromordinal(first + n), total)
        for code, totals in series.items()
        for n, total in enumerate(totals)
        if n == 0 or total != totals[n - 1]
    ]
    done = report_counts(given, totals=True, source="2020", by=keeper, at=AT)
    assert (done.added, len(done.falls)) == (len(given), 851)
    kept = Count.objects.everywhere("a test").order_by()
    sums = {code_of(place, 4): total for place, total in kept.values_list("place").annotate(total=Sum("n"))}
    assert sums == {code: totals[-1] for code, totals in series.items()}
    corrections = Correction.objects.everywhere("a test").order_by()
    assert corrections.count() == sum(len(fall.taken) for _key, fall in done.falls)
    taken = corrections.aggregate(n=Sum(F("before") - F("after")))["n"]
    assert taken == sum(a - b for totals in series.values() for a, b in pairwise(totals) if b < a)


@pytest.mark.django_db
class TestImport:
    def test_chengdus_series_of_2020_goes_in_with_its_corrections(self, cast, keeper):
        path = real_data("covid/chengdu_daily_2020.csv")
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        given = ["--within", "5101", "--area", "cityCode", "--day", "date", "--total", "confirmed"]
        out = StringIO()
        call_command("import_counts", str(path), *given, stdout=out)
        assert Count.objects.everywhere("a test").count() == len(rows)
        together = sum(Count.objects.everywhere("a test").values_list("n", flat=True))
        assert together == int(rows[-1]["confirmed"])
        fell = sum(int(b["confirmed"]) < int(a["confirmed"]) for a, b in pairwise(rows))
        assert Correction.objects.everywhere("a test").count() >= fell
        call_command("import_counts", str(path), *given, stdout=out)
        assert f"已知{len(rows)}" in out.getvalue()
        (shipped,) = publish_missing(SHIPPED, by=keeper, at=AT)
        from qipan.territory.api import get_area

        stricter = Rule(4, ((2, (Criterion("new_cases", 1, 28),)),))
        found = what_if(
            get_area("5101"), rule_of(shipped), stricter, first=date(2020, 2, 17), last=date(2020, 12, 9)
        ).comparison
        assert found.areas == 8  # a total of the city lies over each of its communities
        assert found.b.area_days[2] > found.a.area_days[2] > 0
        assert Scope((range_of("5101"),)).covers(range_of("510104"))

    def test_streets_are_known_by_name(self, cast, tmp_path):
        path = tmp_path / "streets.csv"
        path.write_text(
            "date,district,street_level,addresses\n20220313,锦江区,锦江一街道,2\n20220314,锦江区,锦江二街道,1\n"
        )
        given = ["--within", "5101", "--area-name", "street_level", "--district", "district", "--day", "date"]
        given += ["--number", "addresses", "--input", "addresses"]
        call_command("import_counts", str(path), *given, stdout=StringIO())
        rows = Count.objects.everywhere("a test").order_by("place").values_list("place", "level", "day", "n")
        assert list(rows) == [
            (range_of("510104001").first, 3, date(2022, 3, 13), 2),
            (range_of("510104002").first, 3, date(2022, 3, 14), 1),
        ]
        path.write_text("date,district,street_level,addresses\n20220313,锦江区,月亮街道,2\n")
        with pytest.raises(CommandError, match="地图上没有“锦江区 月亮街道”"):
            call_command("import_counts", str(path), *given, stdout=StringIO())
        assert Count.objects.everywhere("a test").count() == 2

    def test_parts_of_a_day_are_added_up(self, cast, tmp_path):
        path = tmp_path / "districts.csv"
        path.write_text(
            "date,is_patient,district,count\n20220306,否,锦江区,3\n20220306,否,锦江区,4\n20220306,是,锦江区,9\n"
        )
        given = ["--within", "5101", "--area-name", "district", "--day", "date", "--number", "count", "--add-up"]
        call_command("import_counts", str(path), *given, "--where", "is_patient=否", stdout=StringIO())
        assert list(Count.objects.everywhere("a test").values_list("level", "n")) == [(2, 7)]


def test_shanghais_streets_of_2022_are_judged_day_by_day():
    """5,151 lines by street and day: each street is medium from its first address until 14 days without one."""
    path = real_data("zoning/shanghai_addresses_by_street_daily_2022.csv")
    areas: dict[str, dict[str, dict[int, int]]] = {}
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            own = areas.setdefault(row["district"] + row["street_level"], {"addresses": {}})["addresses"]
            day = date.fromisoformat(row["date"]).toordinal()
            own[day] = own.get(day, 0) + int(row["addresses"])
    rule = Rule(3, ((3, (Criterion("addresses", 50, 7),)), (2, (Criterion("addresses", 1, 14),))))
    spans = dict(zone(rule, areas, first=date(2022, 3, 1), last=date(2022, 7, 31)))
    assert len(spans) == len(areas) > 200
    for code, own in areas.items():
        first = date.fromordinal(min(own["addresses"]))
        assert spans[code][0].level == 1 and spans[code][0].last.toordinal() == first.toordinal() - 1
    assert max(span.level for own in spans.values() for span in own) == 3
