from django.urls import path

from . import views
from .views import disputes, sources

urlpatterns = [
    path("forms", views.forms_page, name="forms"),
    path("forms/new", views.new_form, name="form_new"),
    path("forms/template.xlsx", views.template_file, name="form_template"),
    path("forms/drafts/<int:pk>", views.draft_page, name="form_draft"),
    path("forms/drafts/<int:pk>/source", views.draft_source, name="form_draft_source"),
    path("forms/drafts/<int:pk>/<slug:act>", views.draft_act, name="form_draft_act"),
    path("forms/fields", views.fields_page, name="form_fields"),
    path("forms/fields/values", views.bring, name="form_values"),
    path("forms/fields/sources", sources.sources_page, name="data_sources"),
    path("forms/fields/sources/new", sources.new_source, name="data_source_new"),
    path("forms/fields/sources/<int:pk>", sources.source_page, name="data_source"),
    path("forms/fields/sources/<int:pk>/<slug:act>", sources.source_act, name="data_source_act"),
    path("forms/fields/<slug:code>/values.<slug:kind>", views.values_file, name="form_values_file"),
    path("forms/fields.<slug:kind>", views.fields_file, name="form_fields_file"),
    path("forms/disputes", disputes.disputes_page, name="form_disputes"),
    path("forms/disputes/<int:pk>/decide", disputes.dispute_decide, name="form_dispute_decide"),
    path("forms/disputes/<int:pk>/choose", disputes.contest_decide, name="form_contest_decide"),
    path("forms/disputes/<int:pk>/held", disputes.held_decide, name="form_held_decide"),
    path("public/forms/<slug:code>", views.passport_page, name="form_passport"),
    path("forms/<slug:code>", views.form_page, name="form"),
    path("forms/<slug:code>/source", views.form_source, name="form_source"),
    path("forms/<slug:code>/answers", views.answers_page, name="form_answers"),
    path("forms/<slug:code>/answers/look", views.answers_look, name="form_answers_look"),
    path("forms/<slug:code>/answers.<slug:kind>", views.answers_file, name="form_answers_file"),
]
