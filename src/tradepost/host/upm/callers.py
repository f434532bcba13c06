"""Who asks through UPM's REST interface: a person by e-mail and password, or a program with a token of theirs.

A browser's session counts for nothing here, so that forms of strangers (CSRF) reach nothing.
"""

import base64
import binascii
import copy

from allauth.account.adapter import get_adapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from tradepost.core.errors import LimitError, UnauthenticatedError
from tradepost.foundation import tokens
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import machine_now

CHALLENGE = 'Basic realm="Tradepost", charset="UTF-8"'
LONGEST_CREDENTIALS = 1000
_WHO = "Send the e-mail address and password of an account, or an API token as password or bearer."


def caller_of(request: HttpRequest) -> Caller:
    """Who sent the request. Raises UnauthenticatedError, and LimitError after too many wrong passwords."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if len(credentials) > LONGEST_CREDENTIALS:
        raise UnauthenticatedError(_WHO)
    if scheme.lower() == "bearer":
        return tokens.authenticate(credentials.strip(), now=machine_now())
    if scheme.lower() != "basic":
        raise UnauthenticatedError(_WHO)
    email, password = _read_basic(credentials.strip())
    if password.startswith(tokens.PREFIX):
        return _by_token(email, password)
    return _by_password(request, email, password)


def _read_basic(credentials: str) -> tuple[str, str]:
    try:
        email, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise UnauthenticatedError(_WHO) from error
    if not colon or "\0" in email + password:
        raise UnauthenticatedError(_WHO)
    return email.strip().lower(), password


def _by_token(email: str, token: str) -> Caller:
    caller = tokens.authenticate(token, now=machine_now())
    if caller.user.email != email:
        raise UnauthenticatedError("This token belongs to somebody else.")
    return caller


def _by_password(request: HttpRequest, email: str, password: str) -> Caller:
    """As on the sign-in page, with the same limits on guessing, which count both together."""
    attempt = copy.copy(request)
    attempt.method = "POST"  # nothing else is counted
    try:
        user = get_adapter(attempt).authenticate(attempt, email=email, password=password)
    except ValidationError as error:
        raise LimitError(" ".join(error.messages)) from error
    if user is None or not user.is_active:
        raise UnauthenticatedError("The e-mail address and the password do not belong together.")
    return Caller(user)
