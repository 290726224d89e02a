from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.forms import CharField

from qipan.kernel import masking


class WebkitConfig(AppConfig):
    name = "qipan.webkit"

    def ready(self) -> None:
        connection_created.connect(masking.install, dispatch_uid="masking")
        CharField.default_validators = [masking.check_typed]  # what pages ask for in words
