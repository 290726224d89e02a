from django.apps import AppConfig


class ZonesConfig(AppConfig):
    name = "qipan.zones"

    def ready(self) -> None:
        from qipan.journal.api import subscribe
        from qipan.laws.api import ArticleRepealed, name_subjects

        from .queries.zones import zone_names
        from .subscribers import on_article_repealed

        name_subjects("zones.RiskZone", zone_names)
        subscribe(ArticleRepealed, on_article_repealed)
