from django.apps import AppConfig


class ReplayConfig(AppConfig):
    name = "qipan.replay"
