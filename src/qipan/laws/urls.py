from django.urls import path

from .views import register, rules

urlpatterns = [
    path("laws", register.register_page, name="laws"),
    path("laws/new", register.new_page, name="article-new"),
    path("laws/register.<slug:kind>", register.file_view, name="laws-file"),
    path("laws/articles/<slug:code>", register.article_page, name="article"),
    path("rules", rules.list_page, name="rules"),
    path("rules/<int:pk>", rules.rule_page, name="rule"),
    path("rules/office", rules.office_page, name="rules-office"),
    path("rules/office/<int:pk>", rules.office_rule, name="rule-office"),
    path("rules/office/<int:pk>/<slug:act>", rules.office_act, name="rule-act"),
]
