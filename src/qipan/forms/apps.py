from django.apps import AppConfig


class FormsConfig(AppConfig):
    name = "qipan.forms"
