from django.urls import path

from .views.paper import doors_file, paper
from .views.papers import form_paper
from .views.phone import app_manifest, desk_forms, field, leave, lists, orders, service_worker
from .views.visits import visits

urlpatterns = [
    path("field", field, name="field"),
    path("field/paper", paper, name="field_paper"),
    path("field/doors.csv", doors_file, name="field_doors_file"),
    path("field/forms/<slug:code>/paper", form_paper, name="field_form_paper"),
    path("field/forms", desk_forms, name="field_forms"),
    path("field/leave", leave, name="field_leave"),
    path("field/orders", orders, name="field_orders"),
    path("field/lists", lists, name="field_lists"),
    path("field/visits", visits, name="field_visits"),
    path("field/worker.js", service_worker, name="field_worker"),
    path("field/app.webmanifest", app_manifest, name="field_app"),
]
