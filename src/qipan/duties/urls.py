from django.urls import path

from . import views

urlpatterns = [
    path("duties", views.map_page, name="duties"),
    path("duties/import", views.import_view, name="duties-import"),
    path("duties/lists.<slug:kind>", views.file_view, name="duties-file"),
    path("duties/items/<slug:code>", views.item_page, name="duty-item"),
]
