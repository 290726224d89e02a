from django.http import HttpRequest

from qipan.kernel.clock import now


def page(request: HttpRequest) -> dict[str, object]:
    """This function will give every page the actor and the moment it was made ("as of")."""
    return {"actor": getattr(request, "actor", None), "as_of": now()}
