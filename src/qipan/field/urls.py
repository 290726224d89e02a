from django.urls import path

from .views import field

urlpatterns = [path("field", field, name="field")]
