"""What every page is given."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from qipan.kernel.clock import now

from .bands import sentences
from .manifest import is_built
from .menu import links_for_residents, menu_for


def page(request: HttpRequest) -> dict[str, object]:
    """This function will give every page the actor, the moment it was made ("as of"), the menu or the links for residents, and the band."""
    actor = getattr(request, "actor", None)
    return {
        "actor": actor,
        "as_of": now(),
        "menu": SimpleLazyObject(lambda: menu_for(actor, request.path)),
        "residents": SimpleLazyObject(lambda: links_for_residents(actor, request.path)),
        "band": SimpleLazyObject(lambda: sentences(request)),
        "front_end_built": is_built(),
    }
