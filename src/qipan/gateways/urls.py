from django.urls import path

from .views import notices, open311, openrosa, partners

V2 = "open311/v2/"

OPENROSA = "openrosa/"
KEY = f"{OPENROSA}key/<str:token>/"  # the pass in the path, as a QR code gives it to a phone

urlpatterns = [
    path(f"{V2}discovery.<slug:form>", open311.discovery_call, name="open311_discovery"),
    path(f"{V2}services.<slug:form>", open311.services_call, name="open311_services"),
    path(f"{V2}services/<slug:code>.<slug:form>", open311.service_call, name="open311_service"),
    path(f"{V2}requests.<slug:form>", open311.requests_call, name="open311_requests"),
    path(f"{V2}requests/<slug:number>.<slug:form>", open311.request_call, name="open311_request"),
    path(f"{V2}tokens/<slug:token>.<slug:form>", open311.token_call, name="open311_token"),
    path(f"{OPENROSA}formList", openrosa.list_call, name="openrosa_list"),
    path(f"{OPENROSA}forms/<slug:code>/form.xml", openrosa.form_call, name="openrosa_form"),
    path(f"{OPENROSA}forms/<slug:code>/manifest", openrosa.manifest_call, name="openrosa_manifest"),
    path(f"{OPENROSA}forms/<slug:code>/media/<str:file>", openrosa.media_call, name="openrosa_media"),
    path(f"{OPENROSA}submission", openrosa.submission_call, name="openrosa_submission"),
    path(f"{KEY}formList", openrosa.list_call, name="openrosa_key_list"),
    path(f"{KEY}forms/<slug:code>/form.xml", openrosa.form_call, name="openrosa_key_form"),
    path(f"{KEY}forms/<slug:code>/manifest", openrosa.manifest_call, name="openrosa_key_manifest"),
    path(f"{KEY}forms/<slug:code>/media/<str:file>", openrosa.media_call, name="openrosa_key_media"),
    path(f"{KEY}submission", openrosa.submission_call, name="openrosa_key_submission"),
    path("partners", partners.partners_page, name="partners"),
    path("partners/endpoint", partners.endpoint_change, name="partner_endpoint"),
    path("partners/add", partners.partner_add, name="partner_add"),
    path("partners/<int:pk>/<slug:act>", partners.partner_act, name="partner_act"),
    path("subscriptions/<int:pk>/<slug:act>", partners.subscription_act, name="subscription_act"),
    path("notices", notices.notices_page, name="notices"),
    path("notices/add", notices.channel_add, name="channel_add"),
    path("notices/<int:pk>/<slug:act>", notices.channel_act, name="channel_act"),
    path("notices/again/<int:pk>", notices.again, name="notice_again"),
]
