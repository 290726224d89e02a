from django.urls import path

from .views import register

urlpatterns = [
    path("laws", register.register_page, name="laws"),
    path("laws/new", register.new_page, name="article-new"),
    path("laws/register.<slug:kind>", register.file_view, name="laws-file"),
    path("laws/articles/<slug:code>", register.article_page, name="article"),
]
