"""Every address of the site: one line per room that has pages or endpoints."""

from importlib import import_module
from importlib.util import find_spec

from django.urls import include, path
from ninja import NinjaAPI

api = NinjaAPI(title="Qipan", version="1", urls_namespace="api", docs_url="/docs")
ROOMS = ("territory", "access", "desk", "posture", "deployment", "screening", "command", "pages", "field", "replay")

urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]
for room in ROOMS:
    # ``ingest_urls`` and the like are plain views beside the typed endpoints, for paths where speed is the purpose.
    if find_spec(f"qipan.{room}.rest"):
        api.add_router("", import_module(f"qipan.{room}.rest").router)
    if find_spec(f"qipan.{room}.urls"):
        urlpatterns.append(path("", include(f"qipan.{room}.urls")))
urlpatterns.append(path("api/", api.urls))
