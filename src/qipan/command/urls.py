from django.urls import path

from .views import activations, composer, directives, playbooks, roster, scoring

urlpatterns = [
    path("directives", directives.directives_page, name="directives"),
    path("directives/new", composer.compose_page, name="directive_new"),
    path("directives/areas", composer.areas_fragment, name="directive_areas"),
    path("directives/reach", composer.reach_fragment, name="directive_reach"),
    path("directives/<int:pk>", directives.directive_page, name="directive"),
    path("directives/<int:pk>/revise", directives.revise_view, name="directive_revise"),
    path("directives/<int:pk>/recall", directives.recall_view, name="directive_recall"),
    path("directives/<int:pk>/unread", directives.unread_view, name="directive_unread"),
    path("directives/<int:pk>/unread.csv", directives.unread_csv, name="directive_unread_csv"),
    path("directives/<int:pk>/sheet", directives.sheet_page, name="directive_sheet"),
    path("directives/<int:pk>/sign", directives.sign_page, name="directive_sign"),
    path("playbooks", playbooks.playbooks_page, name="playbooks"),
    path("playbooks/<slug:code>", playbooks.playbook_page, name="playbook"),
    path("playbooks/<slug:code>/edit", playbooks.edit_page, name="playbook_edit"),
    path("playbooks/<slug:code>/<int:version>", playbooks.playbook_page, name="playbook_version"),
    path("activations", activations.activations_page, name="activations"),
    path("activations/new", activations.activate_page, name="activation_new"),
    path("activations/<int:pk>", activations.activation_page, name="activation"),
    path("activations/<int:pk>/resume", activations.resume_view, name="activation_resume"),
    path("activations/<int:pk>/release", activations.release_view, name="activation_release"),
    path("activations/<int:pk>/hand-over", activations.hand_over_view, name="activation_hand_over"),
    path("activations/<int:pk>/score", scoring.score_page, name="activation_score"),
    path("roster", roster.roster_page, name="roster"),
    path("roster/new", roster.watch_new_view, name="watch_new"),
    path("roster/<int:pk>/cancel", roster.watch_cancel_view, name="watch_cancel"),
    path("roster/<int:pk>/hand-over", roster.watch_hand_over_view, name="watch_hand_over"),
    path("cards/<int:pk>", activations.card_page, name="card"),
]
