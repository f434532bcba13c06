"""People signing in."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class Accounts(DefaultAccountAdapter):
    """Accounts are made by operators and owners, not by strangers."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
