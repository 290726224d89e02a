from django.apps import AppConfig


class FieldConfig(AppConfig):
    name = "qipan.field"
