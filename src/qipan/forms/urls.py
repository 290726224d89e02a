from django.urls import path

from . import views

urlpatterns = [path("forms", views.forms_page, name="forms")]
