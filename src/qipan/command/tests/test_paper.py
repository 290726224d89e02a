"""Where no screen is, a directive is signed for on paper."""

from datetime import timedelta

import pytest

from qipan.command.actions.paper import NotOnPaper, sign_on_paper
from qipan.command.queries import paper_receipts
from qipan.kernel.place import place_of
from qipan.territory.api import Compound

from .test_directives import issue, tasks


@pytest.mark.row("EMG-4")
def test_a_compound_without_a_screen_is_signed_for_on_paper_by_its_community(cast, admitted):
    dark = place_of("510104001001001")
    Compound.objects.filter(place__in=[dark, place_of("510104001002001")]).update(has_screen=False)
    directive = issue(cast, admission=admitted, organ_types=["compound"])
    assert paper_receipts(directive, scope=cast.city_commander.scope).count() == 2
    mine = paper_receipts(directive, scope=cast.worker.scope)
    assert [task.place for task in mine] == [dark]
    signed_at = cast.at + timedelta(hours=1)
    at = cast.at + timedelta(hours=2)
    assert sign_on_paper(directive, task_ids=[mine[0].pk], signed_at=signed_at, by=cast.worker, at=at) == 1
    task = tasks().get(source=directive.source, place=dark)
    assert (task.on_paper, task.state, task.read_at, task.accepted_at) == (True, "ACCEPTED", signed_at, signed_at)
    assert sign_on_paper(directive, task_ids=[task.pk], signed_at=signed_at, by=cast.worker, at=at) == 0
    assert not paper_receipts(directive, scope=cast.worker.scope).exists()


def test_nobody_signs_for_another_community_or_for_a_compound_with_a_screen(cast, admitted):
    Compound.objects.filter(place=place_of("510104001002001")).update(has_screen=False)
    directive = issue(cast, admission=admitted, organ_types=["compound"])
    for place in (place_of("510104001002001"), place_of("510104001001001")):
        task = tasks().get(source=directive.source, place=place)
        with pytest.raises(NotOnPaper):
            sign_on_paper(directive, task_ids=[task.pk], signed_at=cast.at, by=cast.worker, at=cast.at)
    with pytest.raises(NotOnPaper):
        sign_on_paper(directive, task_ids=[], signed_at=cast.at, by=cast.worker, at=cast.at)
    assert not tasks().exclude(state="SENT").exists()
