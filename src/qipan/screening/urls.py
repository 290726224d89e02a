from django.urls import path

from .views import campaigns as pages
from .views import recounts
from .views.visits import receive_visits

urlpatterns = [
    path("api/visits", receive_visits, name="visits"),
    path("campaigns", pages.campaigns, name="campaigns"),
    path("campaigns/open", pages.campaign_open, name="campaign_open"),
    path("campaigns/<int:pk>", pages.campaign, name="campaign"),
    path("campaigns/<int:pk>/close", pages.campaign_close, name="campaign_close"),
    path("campaigns/<int:pk>/rounds", pages.round_open, name="round_open"),
    path("rounds/<int:pk>/close", pages.round_close, name="round_close"),
    path("rounds/<int:pk>/left.csv", pages.left_csv, name="round_left"),
    path("rounds/<int:pk>/late", pages.round_late, name="round_late"),
    path("rounds/<int:pk>/recount", recounts.recount_draw, name="recount_draw"),
    path("recounts", recounts.recounts, name="recounts"),
    path("recounts/<int:pk>", recounts.recount_enter, name="recount_enter"),
    path("conflicts", pages.conflicts, name="conflicts"),
    path("conflicts/<int:pk>", pages.conflict_decide, name="conflict_decide"),
]
