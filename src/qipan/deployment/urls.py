from django.urls import path

from . import views

urlpatterns = [
    path("forces", views.forces_page, name="forces"),
    path("shifts/<int:pk>/fill", views.fill_shift_view, name="shift_fill"),
]
