from django.urls import path

from .views import events, lessons, provisions, readiness, reviews, weaknesses

urlpatterns = [
    path("events", events.events_page, name="events"),
    path("events/<int:pk>", events.event_page, name="event"),
    path("events/<int:pk>/report", events.report_page, name="event_report"),
    path("events/<int:pk>/review", reviews.review_page, name="event_review"),
    path("events/<int:pk>/review/<slug:act>", reviews.review_act, name="event_review_act"),
    path("lessons", lessons.lessons_page, name="lessons"),
    path("lessons/<int:pk>", lessons.lesson_page, name="lesson"),
    path("lessons/<int:pk>/decide", lessons.decide_view, name="lesson_decide"),
    path("lessons/<int:pk>/publish", lessons.publish_page, name="lesson_publish"),
    path("weaknesses", weaknesses.weaknesses_page, name="weaknesses"),
    path("weaknesses/<int:pk>", weaknesses.weakness_page, name="weakness"),
    path("readiness", readiness.readiness_home, name="readiness_home"),
    path("readiness/<str:code>", readiness.readiness_page, name="readiness"),
    path("readiness/<str:code>/stock", provisions.provision_page, name="provision"),
]
