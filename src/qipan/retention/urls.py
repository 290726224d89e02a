from django.urls import path

from .views import offices, own, purposes

urlpatterns = [
    path("retention", offices.due_page, name="retention"),
    path("retention/prepare", offices.prepare_view, name="retention_prepare"),
    path("retention/holds", offices.hold_view, name="retention_hold"),
    path("retention/holds/<int:pk>/lift", offices.lift_view, name="retention_lift"),
    path("retention/backups", offices.backup_view, name="retention_backup"),
    path("retention/runs/<int:pk>", offices.run_page, name="retention_run"),
    path("retention/runs/<int:pk>/<slug:act>", offices.run_act, name="retention_run_act"),
    path("retention/wishes", offices.wishes_page, name="retention_wishes"),
    path("retention/wishes/<int:pk>", offices.wish_page, name="retention_wish"),
    path("privacy", purposes.privacy_page, name="privacy"),
    path("privacy/<int:pk>", purposes.purpose_page, name="purpose"),
    path("certificates", offices.certificates_page, name="certificates"),
    path("certificates/key.pem", offices.key_file, name="certificate_key"),
    path("certificates/<slug:number>", offices.certificate_page, name="certificate"),
    path("certificates/<slug:number>.json", offices.certificate_file, name="certificate_file"),
    path("my-data", own.my_data_start, name="my_data"),
    path("my-data/account", offices.my_account_page, name="my_account"),
    path("my-data/<str:code>", own.my_data_page, name="my_data_code"),
    path("my-data/<str:code>/<slug:act>", own.my_data_act, name="my_data_act"),
]
