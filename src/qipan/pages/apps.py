from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "qipan.pages"

    def ready(self) -> None:
        from qipan.webkit.bands import register_band

        from .queries.marks import data_band, drill_band

        register_band(data_band)
        register_band(drill_band)
