"""Who it is that calls a site: an app, an app in the name of a user, or a page of an app through the bridge.

An app shows itself by a token signed with the secret of its installation (protocol.md 5.1); in a user's name by a
token that it got for that (`granting`). The bridge is our own page: it knows the app and the viewer, and says so by
`set_app_caller` on a request that it hands on inside this process.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from django.http import HttpRequest

from tradepost.core.errors import ForbiddenError, UnauthenticatedError
from tradepost.core.scopes import canonical, expand
from tradepost.core.states import InstallationState
from tradepost.foundation.clock import machine_now
from tradepost.foundation.models import User
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.installing.secrets import accepted_secrets
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.queries import with_versions

from . import tokens
from .queries import find_acting
from .requests import as_asked, find_bearer, find_token
from .scopes import ACT_AS_USER, missing_scope

ATTRIBUTE = "tradepost_app_caller"
PRESENT = (InstallationState.ENABLED, InstallationState.DISABLED)
_REFUSAL = "The token is not good for this request."


class CallerKind(StrEnum):
    """On whose behalf an app's request is answered."""

    APP = "app"
    USER = "user"
    BRIDGE = "bridge"


@dataclass(frozen=True, slots=True)
class AppCaller:
    """An app that calls a site. `user` is in whose name, None for the app's own; `scopes` what it may do at most.

    `version` is what runs, the code; what the site has granted may be older. `scopes` hold what they imply
    (`core.scopes.expand`).
    """

    installation: Installation
    version: KnownVersion
    user: User | None
    kind: CallerKind
    scopes: frozenset[str]

    @property
    def site(self) -> Site:
        return self.installation.site

    @property
    def app_key(self) -> str:
        return self.installation.app_key

    @property
    def actor(self) -> str:
        """The name under which the audit log knows them."""
        app = f"app {self.app_key}"
        return f"{self.user.email} through {app}" if self.user is not None else app

    def allows(self, scope: str) -> bool:
        """Whether the app was granted a scope; one that an app of this kind may use now."""
        return canonical(scope) in self.scopes

    def require_scope(self, scope: str) -> None:
        """Raise ForbiddenError unless `allows(scope)`."""
        if not self.allows(scope):
            raise missing_scope(canonical(scope))


def app_caller_of(
    request: HttpRequest, site: Site, *, allow_context: bool = False, allow_disabled: bool = False
) -> AppCaller:
    """Return which app sent the request to this site.

    Raises UnauthenticatedError without a word on what exactly was wrong, so that nobody learns which apps are here;
    ForbiddenError for an app that is switched off, unless `allow_disabled`. `allow_context` also takes a token that
    was made for a page; only what a page's own scripts call may say so.
    """
    known = getattr(request, ATTRIBUTE, None)
    if not isinstance(known, AppCaller):
        known = _shown(request, site, allow_context=allow_context, now=machine_now())
    if known.installation.site_id != site.pk:
        raise UnauthenticatedError(_REFUSAL)
    if known.installation.state != InstallationState.ENABLED and not allow_disabled:
        raise ForbiddenError(f"The app {known.app_key} is disabled on this site.")
    return known


def is_from_app(request: HttpRequest) -> bool:
    """Whether the request carries anything by which an app shows itself, good or not."""
    return hasattr(request, ATTRIBUTE) or bool(find_bearer(request)) or find_token(request) is not None


def bridge_caller(installation: Installation, user: User | None) -> AppCaller:
    """The caller for a request that a page of the app makes through the bridge: as the viewer, in the app's scopes."""
    return _caller(installation, CallerKind.BRIDGE, user)


def set_app_caller(request: HttpRequest, caller: AppCaller) -> None:
    """Say of a request made inside this process who calls. Nothing that comes from outside can say it."""
    setattr(request, ATTRIBUTE, caller)


def find_present(site: Site, app_key: str) -> Installation | None:
    """The installation of an app on a site, with site and versions at hand; None where it is not (any more)."""
    if not app_key.isascii() or "\0" in app_key:
        return None
    rows = Installation.objects.filter(site=site, app_key=app_key, state__in=PRESENT, running__isnull=False)
    return with_versions(rows).first()


def secrets_of(installation: Installation | None) -> tuple[str, ...]:
    """The secrets that count for tokens of an installation; for none there is one that fits nothing."""
    return accepted_secrets(installation) if installation is not None else (tokens.NOBODY,)


def _shown(request: HttpRequest, site: Site, *, allow_context: bool, now: datetime) -> AppCaller:
    bearer, text = find_bearer(request), find_token(request)
    if bearer and text:
        raise UnauthenticatedError("Send one token, not two.")
    if bearer:
        return _acting_caller(bearer, site, now)
    if not text:
        raise UnauthenticatedError("Send a token: `Authorization: JWT ...`.")
    token = tokens.read_signed(text)
    installation = find_present(site, token.claims.iss) if token else None
    # Unknown apps and forged signatures take the same way and get the same answer.
    is_signed = token is not None and tokens.is_signed_by(token, secrets_of(installation))
    if token is None or installation is None or not is_signed:
        raise UnauthenticatedError(_REFUSAL)
    asked = as_asked(request, site.context_path)
    if not tokens.is_good_for(
        token.claims, asked, client_key=installation.client_key, now=now, allow_context=allow_context
    ):
        raise UnauthenticatedError(_REFUSAL)
    return _caller(installation, CallerKind.APP, None)


def _acting_caller(bearer: str, site: Site, now: datetime) -> AppCaller:
    """What held when the token was made must still hold: the app is granted it, the user is active and a member."""
    acting = find_acting(bearer, site, now=now)
    if acting is None or acting.installation.running is None:
        raise UnauthenticatedError(_REFUSAL)
    caller = _caller(acting.installation, CallerKind.USER, acting.user)
    if acting.installation.state == InstallationState.ENABLED and not caller.allows(ACT_AS_USER):
        raise UnauthenticatedError(_REFUSAL)
    return replace(caller, scopes=caller.scopes & frozenset(acting.scopes))


def _caller(installation: Installation, kind: CallerKind, user: User | None) -> AppCaller:
    granted = installation.rights_version
    assert installation.running is not None
    assert granted is not None
    return AppCaller(installation, installation.running, user, kind, expand(granted.scopes))
