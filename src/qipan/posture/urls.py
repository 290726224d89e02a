from django.urls import path

from .views import cards, declarations, measures

urlpatterns = [
    path("declarations", declarations.declarations_page, name="declarations"),
    path("declarations/new", declarations.new_page, name="declaration_new"),
    path("declarations/<int:pk>", declarations.declaration_page, name="declaration"),
    path("declarations/<int:pk>/<slug:act>", declarations.act_on_declaration, name="declaration_act"),
    path("measures", measures.measures_page, name="measures"),
    path("measures/new", measures.new_measure_page, name="measure_new"),
    path("measures/<int:pk>", measures.measure_page, name="measure"),
    path("measures/<int:pk>/<slug:act>", measures.measure_act, name="measure_act"),
    path("orders/<slug:number>", cards.card_page, name="order_card"),
    path("orders/<slug:number>/sheet/<slug:size>", cards.sheet_page, name="order_sheet"),
]
