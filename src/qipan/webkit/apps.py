from django.apps import AppConfig


class WebkitConfig(AppConfig):
    name = "qipan.webkit"
