"""Addresses of access. Of allauth's pages only these: nobody signs up, and a lost password is set anew by the city."""

from allauth.account import views as account
from django.urls import path

from . import views

urlpatterns = [
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("accounts/password/change/", views.change_password, name="account_change_password"),
    path("p/<str:token>", views.open_pass, name="access-open-pass"),
    path("p/<str:token>/stay", views.stay, name="access-stay"),
    path("access/leave", views.leave, name="access-leave"),
    path("access/post", views.post, name="access-post"),
    path("access/passes", views.passes, name="access-passes"),
    path("access/passes/enrol", views.enrol, name="access-enrol"),
    path("access/passes/revoke", views.revoke, name="access-revoke"),
    path("access/passes/lists/<slug:batch>", views.batch, name="access-batch"),
    path("access/passes/lists/<slug:batch>/sheet/<int:number>", views.sheet, name="access-sheet"),
    path("access/passes/lists/<slug:batch>/links.csv", views.links, name="access-links"),
    path("access/accounts", views.accounts, name="access-accounts"),
    path("access/accounts/posts/<int:pk>/end", views.end, name="access-end-post"),
]
