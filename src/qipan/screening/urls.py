from django.urls import path

from .views.visits import receive_visits

urlpatterns = [
    path("api/visits", receive_visits, name="visits"),
]
