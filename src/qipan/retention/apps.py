from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class RetentionConfig(AppConfig):
    name = "qipan.retention"

    def ready(self) -> None:
        autodiscover_modules("retention")  # what each room declares of its columns
