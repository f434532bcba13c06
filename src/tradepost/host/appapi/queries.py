"""Questions about what apps keep on sites, and in whose name they act."""

from datetime import datetime

from django.db.models import F

from tradepost.core.errors import NotFoundError
from tradepost.core.states import InstallationState
from tradepost.foundation.models import User
from tradepost.foundation.secrets import hash_token
from tradepost.host.installing.models import Installation, bytes_of
from tradepost.host.sites.models import Site

from .models import ActingToken, AppProperty

ACTING_PREFIX = "tpu_"
_NOW_AS_THEN = F("installation__installed_at")


def find_property_keys(installation: Installation) -> list[str]:
    """The names of an app's properties on a site, in order."""
    rows = AppProperty.objects.filter(installation=installation).order_by("key")
    return list(rows.values_list("key", flat=True))


def get_property(installation: Installation, key: str) -> str:
    """The value of a property as JSON text. Raises NotFoundError."""
    rows = AppProperty.objects.filter(installation=installation, key=key)
    value = rows.values_list("value", flat=True).first()
    if value is None:
        raise NotFoundError("property", key)
    return value


def find_acting(token: str, site: Site, *, now: datetime) -> ActingToken | None:
    """The living token by which an app acts as a user on a site. `now` is machine time.

    None also where the app was installed anew since, and where the user is no active member any more.
    """
    if not token.startswith(ACTING_PREFIX) or not token.isascii():
        return None
    rows = ActingToken.objects.filter(digest=hash_token(token), installation__site=site, expires_at__gt=now)
    rows = rows.filter(installed_at=_NOW_AS_THEN, user__is_active=True, user__site_memberships__site=site)
    rows = rows.exclude(installation__state=InstallationState.UNINSTALLED)
    versions = ("installation__running", "installation__granted")
    return rows.select_related("installation__site", *versions, "user").defer(*bytes_of(*versions)).first()


def find_installation_of_client(client_id: str) -> Installation | None:
    """The installation of an `oauthClientId`, with its site, what it runs and what was granted."""
    if not client_id.isascii() or "\0" in client_id:
        return None
    rows = Installation.objects.filter(oauth_client_id=client_id, running__isnull=False)
    return rows.select_related("site", "running", "granted").defer(*bytes_of("running", "granted")).first()


def find_active_member(site: Site, account_id: str) -> User | None:
    """The user of an account id, where they are active and use the site."""
    known = User.objects.filter(is_active=True, site_memberships__site=site)
    return known.filter(pk=account_id).first() if _is_account_id(account_id) else None


def _is_account_id(text: str) -> bool:
    return len(text) == 36 and text.isascii() and text.replace("-", "").isalnum()
