"""What apps change on a site: their properties, and the right to act as a user."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from tradepost.core.errors import ConflictError, ForbiddenError, InvalidInputError, LimitError, NotFoundError
from tradepost.foundation import audit
from tradepost.foundation.clock import new_secret
from tradepost.foundation.models import User
from tradepost.foundation.secrets import hash_token
from tradepost.host.installing.models import Installation

from .models import ActingToken, AppProperty
from .queries import ACTING_PREFIX

LONGEST_KEY = 127
"""Characters of the name of a property."""

MOST_VALUE_BYTES = 32_768
"""Bytes of a property's value, as the app sent it."""

MOST_PROPERTIES = 100
"""Properties of one app on one site."""

ACTING_LIFE = timedelta(minutes=15)
"""How long a token serves by which an app acts as a user."""

MOST_ACTING = 10_000
"""Living tokens of one app on one site by which it acts as users."""

_TOKEN_BYTES = 32


@transaction.atomic
def set_property(installation: Installation, key: str, value: str) -> bool:
    """Set a property to JSON text; whether it is new.

    Raises InvalidInputError for a name that is too long, ForbiddenError for a value that is too large, ConflictError
    when the app has as many as it may.
    """
    check_key(key)
    if len(value.encode()) > MOST_VALUE_BYTES:
        raise ForbiddenError(f"The value of a property has at most {MOST_VALUE_BYTES} bytes.")
    _one_at_a_time(installation)
    mine = AppProperty.objects.filter(installation=installation)
    if mine.filter(key=key).update(value=value):
        return False
    if mine.count() >= MOST_PROPERTIES:
        raise ConflictError(f"An app has at most {MOST_PROPERTIES} properties on a site.")
    AppProperty.objects.create(installation=installation, key=key, value=value)
    return True


@transaction.atomic
def remove_property(installation: Installation, key: str) -> None:
    """Remove a property. Raises NotFoundError where there is none."""
    _one_at_a_time(installation)
    removed, _ = AppProperty.objects.filter(installation=installation, key=key).delete()
    if not removed:
        raise NotFoundError("property", key)


def check_key(key: str) -> None:
    """Raises InvalidInputError for what can be no name of a property."""
    if not 0 < len(key) <= LONGEST_KEY:
        raise InvalidInputError(f"The key of a property has 1 to {LONGEST_KEY} characters.")
    if "\0" in key or not key.isprintable():
        raise InvalidInputError("The key of a property has no control characters.")


@transaction.atomic
def make_acting_token(
    installation: Installation, user: User, scopes: Iterable[str], *, now: datetime, machine_now: datetime
) -> str:
    """Let an app act as a user for `ACTING_LIFE`; return the token, which is kept as a hash only.

    `scopes` are those it may use meanwhile, with what they imply. One audit row tells the site of each.
    """
    token = ACTING_PREFIX + new_secret(_TOKEN_BYTES)
    granted = sorted(scopes)
    mine = ActingToken.objects.filter(installation=installation)
    mine.filter(expires_at__lte=machine_now).delete()
    if mine.count() >= MOST_ACTING:
        raise LimitError(f"An app has at most {MOST_ACTING} tokens on a site; use those there are until they end.")
    ActingToken.objects.create(
        digest=hash_token(token),
        installation=installation,
        user=user,
        scopes=granted,
        installed_at=installation.installed_at,
        issued_at=machine_now,
        expires_at=machine_now + ACTING_LIFE,
    )
    audit.record(
        "app.acts_as_user", service="host", actor=f"app {installation.app_key}", subject=("user", user.pk), now=now,
        scope_id=installation.site_id, app=installation.app_key, user=user.email, scopes=granted,
    )  # fmt: skip
    return token


def _one_at_a_time(installation: Installation) -> None:
    """The number of properties is counted and then raised; two requests of one app queue up here.

    The lock is on the app's own row of the installation for no key update, so that nothing else waits for it.
    """
    Installation.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=installation.pk)
