from django.urls import path

from . import views

urlpatterns = [
    path("forces", views.forces_page, name="forces"),
    path("forces/roster", views.roster_page, name="forces_roster"),
    path("forces/companies", views.companies_page, name="forces_companies"),
    path("forces/companies/register", views.register_page, name="forces_companies_register"),
    path("forces/partners", views.partners_page, name="forces_partners"),
    path("forces/partners/<int:pk>/end", views.end_team, name="forces_partner_end"),
    path("forces/partners/<int:pk>/passes", views.team_passes, name="forces_partner_passes"),
    path("shifts/<int:pk>/fill", views.fill_shift_view, name="shift_fill"),
]
