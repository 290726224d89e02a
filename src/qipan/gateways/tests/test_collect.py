"""ODK's own form engine as a client, in Node, against a running server: what it makes of our forms, we take."""

import base64
import json
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from PIL import Image

from qipan.access.testing import Cast, make_city
from qipan.forms.api import Media, Submission
from qipan.forms.testing import CODE, DOOR, SURVEY, opened, publish
from qipan.kernel import writer
from qipan.kernel.testing import real_data

FRONT = Path(settings.ROOT) / "frontend"
BUILT = Path(settings.SOURCE) / "webkit" / "static" / "built" / "manifest.json"
ANSWERS: list[list[Any]] = [
    ["/data/place", DOOR],
    ["/data/people", "3"],
    ["/data/help", "yes"],
    ["/data/why", "轮椅 <&> 两架"],
    ["/data/needs", ["food", "care"]],
    ["/data/pet[1]/kind", "dog"],
    ["/data/pet", "+"],
    ["/data/pet[2]/kind", "cat"],
    ["/data/spot/width", "1.5"],
]


def photograph(colour: str) -> str:
    kept = BytesIO()
    Image.new("RGB", (40, 30), colour).save(kept, "JPEG")
    return base64.b64encode(kept.getvalue()).decode()


@pytest.fixture
def served(transactional_db, live_server):
    """The city with a form that is open, and the address behind the screener's pass."""
    cast = make_city()
    yield cast, f"{live_server.url}/openrosa/key/{cast.screener_pass.token}/"
    writer.stop()


def client(root: str, **order: Any) -> dict[str, Any]:
    """This function will run the client and return what it tells. It skips only where no front end was ever built."""
    node = FRONT.parent / ".cache" / "node" / "node"
    found = str(node) if node.exists() else shutil.which("node")
    if not BUILT.exists() and not (FRONT / "node_modules" / "@getodk").exists():
        pytest.skip("scripts/frontend did not run on this machine")
    assert found, "scripts/frontend ran, so there is a node"
    ran = subprocess.run(
        [found, str(FRONT / "tools" / "openrosa-client.mjs"), root],
        input=json.dumps({"form": CODE, **order}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def kept() -> list[Submission]:
    return list(Submission.objects.everywhere("a test").order_by("pk"))


@pytest.mark.row("SVC-10")
@pytest.mark.parametrize("parts", [False, True], ids=["at once", "in parts"])
def test_the_engines_submission_is_taken_as_it_is(served: tuple[Cast, str], parts: bool) -> None:
    cast, root = served
    device = ["deviceid", "device", "", "", "", "", ""]
    survey = [SURVEY[0], device, *SURVEY[1:14], ["image", "wall", "墙", "Wall", "", "", ""], *SURVEY[14:]]
    opened(cast, publish(cast, survey=survey))
    told = client(
        root,
        answers=[*ANSWERS, ["/data/spot/photo", {"file": "门 1.jpg"}], ["/data/spot/wall", {"file": "wall.jpg"}]],
        files={"门 1.jpg": photograph("navy"), "wall.jpg": photograph("red")},
        parts=parts,
        again=1,
    )
    assert (told["listed"], told["ready"], told["violations"]) == ([[CODE, "1"]], "ready", [])
    assert told["head"] == [204, "10000000"]
    assert [one["status"] for one in told["posts"]] == ([202, 201, 202, 202] if parts else [201, 202])
    (row,) = kept()
    assert (row.instance_id, row.standing, row.awaits, row.place) == (told["instanceID"], "STANDS", [], int(DOOR))
    answers = row.answers
    names = [answers["spot"].pop("photo"), answers["spot"].pop("wall")]
    assert answers == {
        "place": DOOR,
        "people": 3,
        "help": "yes",
        "why": "轮椅 <&> 两架",
        "needs": ["food", "care"],
        "pet": [{"kind": "dog"}, {"kind": "cat"}],
        "spot": {"width": "1.5"},
    }
    files = {one.name: bytes(one.content) for one in apps.get_model("forms", "Attachment").objects.all()}
    assert set(files) == set(names)
    assert [Image.open(BytesIO(files[name])).size for name in names] == [(40, 30)] * 2
    assert row.device_at is not None
    assert abs((row.device_at - row.received_at).total_seconds()) < 300
    assert "collect:example" in told["xml"]
    assert "collect:example" not in row.xml


def test_what_the_engine_leaves_out_as_not_asked_is_not_missed(served: tuple[Cast, str]) -> None:
    """A question that is needed only after another answer: the engine sends it not, or empty."""
    cast, root = served
    opened(cast, publish(cast))
    told = client(root, answers=[["/data/place", DOOR], ["/data/people", 2], ["/data/pet[1]/kind", "dog"]])
    assert [one["status"] for one in told["posts"]] == [201]
    (row,) = kept()
    assert row.answers == {"place": DOOR, "people": 2, "pet": [{"kind": "dog"}], "spot": {}}


def test_what_the_engine_finds_wrong_the_server_refuses_by_the_same_name(served: tuple[Cast, str]) -> None:
    cast, root = served
    opened(cast, publish(cast))
    told = client(root, answers=[["/data/place", DOOR], ["/data/pet[1]/kind", "dog"]])
    assert (told["ready"], told["violations"]) == ("pending", ["/data/people"])
    assert [one["status"] for one in told["posts"]] == [400]
    assert "/data/people: is needed" in told["posts"][0]["message"]
    assert kept() == []


@pytest.mark.row("SCR-2")
def test_a_form_that_the_engine_changed_twice_arrives_third_first_second(served: tuple[Cast, str]) -> None:
    """ODK's own way of changing what was filled in: a new id, and the one before as deprecatedID."""
    cast, root = served
    opened(cast, publish(cast))
    answers = [["/data/place", DOOR], ["/data/people", 2], ["/data/pet[1]/kind", "dog"], ["/data/help", "no"]]
    edits = [[["/data/people", 3]], [["/data/help", "yes"], ["/data/why", "轮椅"]]]
    told = client(root, answers=answers, edits=edits, sending=[2, 0, 1, 2])
    assert [one["status"] for one in told["posts"]] == [201, 201, 201, 202]
    stands, changed = [], []
    for row in kept():
        (stands if row.standing == "STANDS" else changed).append(row)
    (first,) = stands
    assert first.instance_id == told["instanceID"]
    assert first.answers["people"] == 2
    assert first.now == {"place": DOOR, "people": 3, "help": "yes", "why": "轮椅", "pet": [{"kind": "dog"}]}
    assert ([row.record_id for row in changed], first.contested) == ([first.pk] * 2, False)


def wards(kind: str) -> bytes:
    """A list of 11,800 items: made here, or the real one."""
    if kind == "real":
        return real_data("forms/wards.xml").read_bytes()
    items = "".join(f"<item><name>w{n}</name><label>Ward {n}</label></item>" for n in range(11_800))
    return f"<root>{items}</root>".encode()


@pytest.mark.row("ORG-12")
@pytest.mark.parametrize(("kind", "last"), [("made", "w11799"), ("real", "b68495714b0e1cad8ebaa1599766a942")])
def test_a_list_of_11800_is_fetched_and_chosen_from(served: tuple[Cast, str], kind: str, last: str) -> None:
    media = (Media("wards.xml", wards(kind)),)
    cast, root = served
    survey = [*SURVEY[:6], ["select_one_from_file wards.xml", "ward", "片区", "Ward", "", "", ""], *SURVEY[6:]]
    opened(cast, publish(cast, survey=survey, media=media))
    told = client(root, answers=[*ANSWERS, ["/data/ward", 11_799]])
    assert told["choices"]["/data/ward"] == 11_800
    assert [one["status"] for one in told["posts"]] == [201]
    (row,) = kept()
    assert row.answers["ward"] == last
