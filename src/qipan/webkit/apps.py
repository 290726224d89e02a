from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db.backends.signals import connection_created
from django.forms import CharField

from qipan.kernel import masking


def check_own_ca(**_options: Any) -> list[CheckMessage]:
    """This check will say whether the file of ``QIPAN_OWN_CA`` can be used, before a source is refused for it."""
    from qipan.kernel.calling import own_ca_fault

    fault = own_ca_fault(settings.OWN_CA)
    return [Error(f"QIPAN_OWN_CA, {settings.OWN_CA}: {fault}", id="qipan.E001")] if fault else []


class WebkitConfig(AppConfig):
    name = "qipan.webkit"

    def ready(self) -> None:
        connection_created.connect(masking.install, dispatch_uid="masking")
        register(check_own_ca)
        CharField.default_validators = [masking.check_typed]  # what pages ask for in words
