from django.urls import path

from . import views

urlpatterns = [
    path("warnings", views.warnings_page, name="warnings"),
    path("warnings/new", views.new_page, name="warning_new"),
    path("warnings/received", views.received_page, name="warnings_received"),
    path("warnings/received/<int:pk>", views.alert_page, name="warning_alert"),
    path("warnings/one/<slug:identifier>", views.warning_page, name="warning"),
    path("warnings/one/<slug:identifier>/update", views.update_page, name="warning_update"),
    path("warnings/one/<slug:identifier>/cancel", views.cancel_view, name="warning_cancel"),
    path("public/warnings", views.public_page, name="warnings_public"),
    path("public/warnings.<str:kind>", views.feed, name="warnings_feed"),
    path("public/warnings/<slug:identifier>.xml", views.cap, name="warning_cap"),
]
