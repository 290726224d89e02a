from django.urls import path

from .views import agreements, calls, home, orders, sheets, stores

urlpatterns = [
    path("reserves", home.home_page, name="reserves"),
    path("reserves/offers/new", home.offer_page, name="reserve_offer"),
    path("reserves/offers/<int:pk>/withdraw", home.withdraw, name="reserve_withdraw"),
    path("reserves/agreements/new", agreements.new_page, name="reserve_agreement_new"),
    path("reserves/agreements/<int:pk>", agreements.agreement_page, name="reserve_agreement"),
    path("reserves/agreements/<int:pk>/call", orders.call_page, name="reserve_call_new"),
    path("reserves/agreements/<int:pk>/<slug:act>", agreements.act_on_agreement, name="reserve_agreement_act"),
    path("reserves/requisitions/new", orders.requisition_page, name="reserve_requisition"),
    path("reserves/calls/<int:pk>", calls.one_page, name="reserve_call"),
    path("reserves/calls/<int:pk>/<slug:act>", calls.act_on_call, name="reserve_call_act"),
    path("reserves/sheets/<int:pk>", sheets.sheet_page, name="reserve_sheet"),
    path("reserves/sheets/<int:pk>/<slug:act>", sheets.act_on_sheet, name="reserve_sheet_act"),
    path("stores", stores.stores_page, name="stores"),
    path("stores.csv", stores.stores_csv, name="stores_csv"),
    path("stores/import", stores.import_view, name="stores_import"),
    path("stores/<int:pk>", stores.store_page, name="store"),
    path("stores/<int:pk>/<slug:act>", stores.act_on_store, name="store_act"),
    path("stores/handouts/<int:pk>/back", stores.back_view, name="store_back"),
    path("reserves/orders/<slug:number>", orders.card_page, name="reserve_order"),
]
