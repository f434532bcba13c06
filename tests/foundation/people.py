"""People, clients and tokens for the tests of the shared ground."""

from datetime import timedelta

from django.test import Client

from tradepost.foundation import tokens
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import machine_now
from tradepost.foundation.models import User

PASSWORD = "correct horse battery"


def person(email="ada@example.com", *, operator=False, **fields):
    return User.objects.create_user(email, PASSWORD, is_operator=operator, **fields)


def browser(user=None, *, service="marketplace", **options):
    client = Client(headers={"host": f"{service}.test"}, **options)
    if user is not None:
        client.force_login(user)
    return client


def token_for(user, *scopes, lives=timedelta(days=1), service="marketplace"):
    _, plain = tokens.make_token(
        by=Caller(user),
        name="test",
        scopes=scopes or ("apps:read",),
        expires_in=lives,
        service=service,
        now=machine_now(),
    )
    return plain


def program(plain=None, *, service="marketplace", **options):
    headers = {"host": f"{service}.test"} | ({"authorization": f"Bearer {plain}"} if plain else {})
    return Client(headers=headers, **options)
