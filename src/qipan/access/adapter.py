from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAdapter(DefaultAccountAdapter):
    """Accounts are made by the city, never by signing up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
