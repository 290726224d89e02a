from django.urls import path

from .views import open311, partners

V2 = "open311/v2/"

urlpatterns = [
    path(f"{V2}discovery.<slug:form>", open311.discovery_call, name="open311_discovery"),
    path(f"{V2}services.<slug:form>", open311.services_call, name="open311_services"),
    path(f"{V2}services/<slug:code>.<slug:form>", open311.service_call, name="open311_service"),
    path(f"{V2}requests.<slug:form>", open311.requests_call, name="open311_requests"),
    path(f"{V2}requests/<slug:number>.<slug:form>", open311.request_call, name="open311_request"),
    path(f"{V2}tokens/<slug:token>.<slug:form>", open311.token_call, name="open311_token"),
    path("partners", partners.partners_page, name="partners"),
    path("partners/endpoint", partners.endpoint_change, name="partner_endpoint"),
    path("partners/add", partners.partner_add, name="partner_add"),
    path("partners/<int:pk>/<slug:act>", partners.partner_act, name="partner_act"),
    path("subscriptions/<int:pk>/<slug:act>", partners.subscription_act, name="subscription_act"),
]
