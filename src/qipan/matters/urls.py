from django.urls import path

from .views import acting, catalogue, imports, offices, public

urlpatterns = [
    path("report", public.report_page, name="report"),
    path("report/places", public.places_part, name="report_places"),
    path("report/similar", public.similar_part, name="report_similar"),
    path("track", public.track_start, name="track"),
    path("track/<str:code>", public.track_page, name="matter_track"),
    path("track/<str:code>/<slug:word>", public.track_act, name="matter_track_act"),
    path("public/matters", public.public_page, name="matters_public"),
    path("matters", offices.inbox_page, name="matters"),
    path("matters/new", offices.new_page, name="matter_new"),
    path("matters/figures", offices.figures_page, name="matter_figures"),
    path("matters/catalogue", catalogue.catalogue_page, name="matter_catalogue"),
    path("matters/catalogue.<slug:kind>", catalogue.catalogue_file, name="matter_catalogue_file"),
    path("matters/imports", imports.imports_page, name="matter_imports"),
    path("matters/imports/<int:pk>", imports.import_page, name="matter_import"),
    path("matters/imports/<int:pk>/undo", imports.undo, name="matter_import_undo"),
    path("matters/<int:pk>", acting.matter_page, name="matter"),
    path("matters/<int:pk>/photos/<int:number>", acting.photo, name="matter_photo"),
    path("matters/<int:pk>/<slug:act>", acting.matter_act, name="matter_act"),
]
