"""What a certificate names and how it is numbered."""

from datetime import UTC, datetime, timedelta

import pytest

from qipan.retention.api import approve_run, carry_out, clock_actor, note_backup, read

from .test_destruction import LATER, over, prepared

pytestmark = pytest.mark.django_db
__all__ = ["over"]


def test_a_backup_made_before_it_was_carried_out_is_named_too(over, clock_at):
    run = prepared(over)
    clock_at(LATER + timedelta(hours=2))
    note_backup(
        name="night 2", where="vault", made_at=LATER + timedelta(hours=1), lives_until=LATER + timedelta(days=30),
        by=over.cast.city_commander, at=LATER + timedelta(hours=2),
    )  # fmt: skip
    page = over.cast.client("lead").get(f"/retention/runs/{run.pk}").content.decode()
    assert "night 2 · vault" in page  # before the second person agrees
    approve_run(run, by=over.cast.lead, at=LATER + timedelta(hours=3))
    carry_out(run, by=clock_actor(), at=LATER + timedelta(hours=4))
    run.refresh_from_db()
    assert [one["name"] for one in read(run.certificate.text)["backups"]] == ["night 2"]
    assert [one[0] for one in run.backups] == ["night 2"]


def test_the_number_of_a_certificate_has_the_citys_year(over):
    run, new_year = prepared(over), datetime(2030, 12, 31, 16, 30, tzinfo=UTC)  # half past midnight in Chengdu
    approve_run(run, by=over.cast.lead, at=new_year)
    carry_out(run, by=clock_actor(), at=new_year)
    run.refresh_from_db()
    assert run.certificate.number == f"QP-5101-2031-{run.pk:05d}"
