"""The example catalogue and the responsibility lists speak of the same items; the command puts one in force."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import localdate

from qipan.duties.api import proposals
from qipan.kernel.actor import Actor

from ..actions.catalogue import seed_catalogue
from ..models import Category
from ..testing import SPOT, seed_rows


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
