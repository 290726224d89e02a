"""Who is in charge: a command undoes what is below it, never what a command above has ordered (EMG-3)."""

import pytest

from .living import Living, counts, make_living, rows


@pytest.fixture
def living(db: None) -> Living:
    return make_living()


@pytest.mark.row("EMG-3", "EMG-8")
@pytest.mark.parametrize(
    ("act", "code"),
    [
        ("rounds/{rounds.pk}/close", "wider_than_scope"),
        ("measures/{measures.pk}/lift", "measure_of_another"),
        ("activations/{activations.pk}/resume", "activation_of_another"),
        ("activations/{activations.pk}/release", "activation_of_another"),
        ("activations/{activations.pk}/hand-over", "activation_of_another"),
    ],
)
def test_a_district_does_not_undo_what_the_city_ordered(living: Living, act: str, code: str) -> None:
    for name, key in living.keys.items():
        act = act.replace(f"{{{name}}}", str(key))
    client, before = living.client("district_head"), counts()
    measure = rows("posture.Measure").get(pk=living.keys["measures.pk"])
    answer = client.post(f"/api/{act}", "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert client.post(f"/{act}").status_code == 403
    assert counts() == before
    assert rows("screening.Round").get(pk=living.keys["rounds.pk"]).closed_at is None
    assert rows("posture.Measure").get(pk=measure.pk).lifted_at is None
    assert rows("command.Activation").get().release_started_at is None
    # The city itself may.
    if "hand-over" not in act:
        assert living.client("city_commander").post(f"/{act}").status_code == 302


@pytest.mark.row("SCR-1")
def test_a_district_does_not_close_the_citys_campaign(living: Living) -> None:
    path = f"/campaigns/{living.keys['campaigns.pk']}/close"
    assert living.client("city_commander").post(f"/rounds/{living.keys['rounds.pk']}/close").status_code == 302
    assert living.client("district_head").post(path).status_code == 403
    assert rows("screening.Campaign").get(pk=living.keys["campaigns.pk"]).closed_at is None
    assert living.client("city_commander").post(path).status_code == 302
