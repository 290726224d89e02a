"""What every page must say at its top: synthetic data, a drill, a clock that is not the real one."""

from collections.abc import Callable, Iterable

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from qipan.kernel.clock import speed

Provider = Callable[[HttpRequest], Iterable[str]]
_providers: list[Provider] = []


def register_band(provider: Provider) -> None:
    """This function will ask ``provider`` on every page for sentences of the hatched band.

    Higher rooms register in ``apps.ready``: webkit itself knows neither territory nor postures.
    """
    if provider not in _providers:
        _providers.append(provider)


def clock_band(request: HttpRequest) -> Iterable[str]:
    """This function will say that times on the page come from a replay's clock, and how fast it runs."""
    running = speed() if settings.CLOCK_FILE else None
    if running == 1:
        yield _("Replay clock: this is not the present time")
    elif running is not None:
        yield _("Replay clock, %(speed)s times as fast: this is not the present time") % {
            "speed": f"{round(running) if running >= 10 else running:g}"
        }


def sentences(request: HttpRequest) -> list[str]:
    """This function will return every sentence that the band of this page carries; empty means no band."""
    return [text for provider in (clock_band, *_providers) for text in provider(request)]
