from django.urls import path

from .views import admissions, burden, desk, endpoints, signs, terminals

urlpatterns = [
    path("api/desk/receipts", endpoints.receipts, name="desk_receipts"),
    path("api/desk/inbox", endpoints.inbox, name="desk_inbox"),
    path("desk", desk.desk_page, name="desk"),
    path("desk/list", desk.desk_list, name="desk_list"),
    path("desk/answer", desk.answer, name="desk_answer"),
    path("desk/tasks/<int:pk>", desk.task_page, name="desk_task"),
    path("desk/tasks/<int:pk>/<slug:what>", desk.change, name="desk_change"),
    path("desk/admissions", admissions.old_address),
    path("burden", burden.burden_page, name="burden"),
    path("burden.<slug:kind>", burden.burden_file, name="burden_file"),
    path("terminals", terminals.terminals_page, name="terminals"),
    path("terminals.csv", terminals.terminals_file, name="terminals_file"),
    path("terminals/<slug:act>", terminals.terminal_act, name="terminal_act"),
    path("signs", signs.signs_page, name="signs"),
    path("signs/<slug:act>", signs.sign_act, name="sign_act"),
    path("admissions", admissions.admissions_page, name="admissions"),
    path("admissions/<int:pk>/decide", admissions.decide, name="admission_decide"),
]
