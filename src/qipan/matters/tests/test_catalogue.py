"""The example catalogue and the responsibility lists speak of the same items; the command puts one in force."""

from datetime import datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import get_default_timezone, localdate

from qipan.access.testing import make_city
from qipan.duties.api import proposals
from qipan.kernel.actor import Actor

from ..actions.catalogue import seed_catalogue
from ..actions.dispatching import dispatch_matter, object_to_matter
from ..actions.filing import file_matter
from ..actions.handling import report_done
from ..models import Category, Matter
from ..testing import SPOT, make_world, seed_rows


@pytest.mark.row("ORG-3", "MAT-3")
def test_every_category_of_the_example_has_a_primary_unit_by_the_lists(world):
    for row in seed_rows():
        first = proposals(row["item_code"], SPOT, on=localdate(world.at))[0]
        assert first.role == "PRIMARY" and not first.backstop, row["code"]


def test_the_example_is_seeded_once_and_marked(world):
    assert Category.objects.filter(example=True).count() == 41 == Category.objects.count()
    assert seed_catalogue(by=Actor.system("x", acts=["matter.catalogue"]), at=world.at) == 0


def test_the_command_says_what_it_did_and_what_is_wrong(world, tmp_path):
    out = StringIO()
    call_command("import_catalogue", stdout=out)
    assert out.getvalue() == "0 example categories in force\n"
    path = tmp_path / "catalogue.csv"
    path.write_text("code,kind\n1,2\n")
    with pytest.raises(CommandError, match="group"):
        call_command("import_catalogue", str(path))
    assert Category.objects.count() == 41


@pytest.mark.django_db
@pytest.mark.row("MAT-3", "MAT-5")
def test_filing_verifying_and_ruling_have_their_time():
    """Wednesday at ten: four working hours to file, one working day to verify and for the lead organisation."""
    zone = get_default_timezone()
    at = datetime(2026, 8, 5, 10, tzinfo=zone)
    world = make_world(make_city(at=at))
    dispatcher = world.cast.dispatcher
    one, other = (world.reported().matter for _n in range(2))
    assert (one.category.limit_file, one.category.limit_verify) == ("4wh", "1wd")
    assert (one.waiting.due_at, one.waiting.clock) == (datetime(2026, 8, 5, 15, tzinfo=zone), "WORKING_HOURS")
    for matter in (one, other):
        file_matter(matter, by=dispatcher, at=at)
        dispatch_matter(matter, unit=world.cast.unit("5101:urban-management"), by=dispatcher, at=at)
    report_done(one, kind="SOLVED", result="已更换灯泡", by=world.handler(), at=at)
    object_to_matter(other, reason="非我单位管护", by=world.handler(), at=at)
    for pk in (one.pk, other.pk):
        task = Matter.objects.everywhere("a test").get(pk=pk).waiting
        assert (task.due_at, task.clock) == (datetime(2026, 8, 6, 17, tzinfo=zone), "WORKING_DAYS")
