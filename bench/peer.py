"""The usual way to write such an endpoint, for comparison only: a typed schema and ``bulk_create``.

The same server, authentication, table and indexes, but no register check, no assignment, no counters,
no journal. ``wsgi`` serves it beside the project's own addresses.
"""

import os
import uuid
from datetime import datetime

from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import HttpRequest
from django.urls import path
from ninja import NinjaAPI, Schema

# Models and the rooms can be imported only after Django is set up: hence the imports below it.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peer_settings")
django_application = get_wsgi_application()

from qipan.access.api import signed_in  # noqa: E402
from qipan.config.urls import urlpatterns as own  # noqa: E402
from qipan.kernel.clock import now  # noqa: E402
from qipan.kernel.ids import uuid7  # noqa: E402
from qipan.screening.api import Outcome  # noqa: E402
from qipan.webkit.short_way import with_short_ways  # noqa: E402

application = with_short_ways(django_application)


class PeerVisit(models.Model):
    """The visits' columns and indexes in a table of the comparison's own."""

    id = models.UUIDField(primary_key=True)
    round_id = models.BigIntegerField()
    place = models.BigIntegerField()
    team_id = models.BigIntegerField(null=True)
    outcome = models.PositiveSmallIntegerField(choices=Outcome)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    batch = models.UUIDField()
    content = models.BigIntegerField()

    class Meta:
        app_label = "screening"
        managed = False
        db_table = "bench_peer"

    def __str__(self) -> str:
        return str(self.id)


class Item(Schema):
    id: uuid.UUID
    round: int
    place: str
    outcome: str
    at: datetime


class Upload(Schema):
    sent_at: datetime
    visits: list[Item]


class Told(Schema):
    id: uuid.UUID
    answer: str


class Answer(Schema):
    answers: list[Told]
    stored: int


peer = NinjaAPI(urls_namespace="bench", auth=lambda request: signed_in(request))


@peer.post("/visits", response=Answer)
def receive(request: HttpRequest, upload: Upload) -> dict[str, object]:
    at, batch, team = now(), uuid7(), signed_in(request).team_id
    shift = at - upload.sent_at
    PeerVisit.objects.bulk_create(
        [
            PeerVisit(
                id=item.id,
                round_id=item.round,
                place=int(item.place),
                team_id=team,
                outcome=Outcome[item.outcome],
                happened_at=item.at + shift,
                received_at=at,
                batch=batch,
                content=hash((item.round, item.place, item.outcome)) % 2**62,
            )
            for item in upload.visits
        ],
        ignore_conflicts=True,
    )
    return {"answers": [{"id": item.id, "answer": "stored"} for item in upload.visits], "stored": len(upload.visits)}


urlpatterns = [*own, path("bench/", peer.urls)]
