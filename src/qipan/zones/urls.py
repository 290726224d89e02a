from django.urls import path

from .views import acting, looking

urlpatterns = [
    path("zones", looking.map_page, name="zones"),
    path("zones/areas/<str:code>", looking.area_page, name="zone_area"),
    path("zones/areas/<str:code>/confirm", acting.confirm_view, name="zone_confirm"),
    path("zones/proposals", acting.proposals_page, name="zone_proposals"),
    path("zones/proposals/confirm", acting.confirm_many_view, name="zone_confirm_many"),
    path("zones/counts", acting.counts_page, name="zone_counts"),
    path("zones/rules", acting.rules_page, name="zone_rules"),
    path("zones/rules/<int:pk>/end", acting.end_view, name="zone_rule_end"),
    path("zones/compare", acting.compare_page, name="zone_compare"),
    path("public/zones", looking.public_page, name="zones_public"),
]
