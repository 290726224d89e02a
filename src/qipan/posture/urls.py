from django.urls import path

from . import views

urlpatterns = [
    path("declarations", views.declarations_page, name="declarations"),
    path("declarations/new", views.new_page, name="declaration_new"),
    path("declarations/<int:pk>", views.declaration_page, name="declaration"),
    path("declarations/<int:pk>/<slug:act>", views.act_on_declaration, name="declaration_act"),
    path("measures/<int:pk>/lift", views.lift_measure_view, name="measure_lift"),
    path("measures/<int:pk>/extend", views.extend_measure_page, name="measure_extend"),
]
