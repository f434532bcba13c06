"""Who asks: a person in a browser, or a program with an API token of theirs.

A caller says who it is and which scopes limit it. What a person may do to a vendor or a site is a question for the
domains (memberships, members); here is only what holds everywhere.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from tradepost.core.errors import ForbiddenError, NotFoundError, UnauthenticatedError

from .configuration import configuration
from .models import User

SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "apps:read": "see the apps of your vendors, their versions and rollouts",
        "apps:write": "list and change the apps of your vendors, and ask for polls",
        "sites:read": "see your sites, what they run and what waits",
        "sites:write": "install and remove apps on your sites, and decide about updates",
        "licenses:write": "see and change customers and licenses, as a billing system does; for operators only",
        "operate": "everything an operator may do: reviews, the clock of a sandbox, the audit log",
    }
)
"""What a token may be limited to, in plain words."""

CALLER_ATTRIBUTE = "tradepost_caller"
View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Caller:
    """A person, with the scopes of the token they use; None for a browser session, which has no such limit."""

    user: User
    scopes: frozenset[str] | None = None

    @property
    def actor(self) -> str:
        """The name under which the audit log knows them."""
        return self.user.email

    @property
    def is_operator(self) -> bool:
        """Operators are so in the browser, and through a token only where it has the scope `operate`."""
        return self.user.is_operator and (self.scopes is None or "operate" in self.scopes)

    def allows(self, scope: str) -> bool:
        """Whether this caller may use what needs `scope`, as far as scopes go."""
        if scope not in SCOPES:
            raise ValueError(f"{scope} is not a scope of Tradepost")
        if scope == "operate":
            return self.is_operator
        if scope == "licenses:write":
            return self.is_operator or (self.user.is_operator and scope in (self.scopes or ()))
        return self.scopes is None or scope in self.scopes

    def require(self, scope: str) -> None:
        """Raise ForbiddenError unless `allows(scope)`."""
        if not self.allows(scope):
            raise ForbiddenError(f"This needs the scope {scope}: {SCOPES[scope]}.")


def caller_of(request: HttpRequest) -> Caller:
    """Return who sent the request. Raises UnauthenticatedError for a stranger."""
    caller = getattr(request, CALLER_ATTRIBUTE, None)
    if isinstance(caller, Caller):
        return caller
    user = getattr(request, "user", None)
    if isinstance(user, User) and user.is_active:
        return Caller(user)
    raise UnauthenticatedError("Sign in to see this.")


def find_caller(request: HttpRequest) -> Caller | None:
    """Return who sent the request, None for a stranger."""
    try:
        return caller_of(request)
    except UnauthenticatedError:
        return None


def service_of(request: HttpRequest) -> str:
    """Return `marketplace` or `host`: the service that answers this request.

    Where one process serves both (tests), the addresses chosen for the request say which.
    """
    if configuration.service != "all":
        return configuration.service
    return "host" if str(getattr(request, "urlconf", "")).endswith(".host") else "marketplace"


def signed_in(view: View) -> View:
    """Let only signed-in people see a page; others go to the sign-in page and come back afterwards."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if find_caller(request) is None:
            return to_sign_in(request)
        return view(request, *args, **kwargs)

    return guarded


def operators_only(view: View) -> View:
    """Let only operators see a page. For other people it does not exist (404)."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not caller_of(request).is_operator:
            raise NotFoundError("page", request.path)
        return view(request, *args, **kwargs)

    return signed_in(guarded)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Only an address that was asked for with GET is worth coming back to; it never leaves this service."""
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=401)
        answer["HX-Redirect"] = redirect_to_login("/").url
        return answer
    return redirect_to_login(request.get_full_path() if request.method in {"GET", "HEAD"} else "/")
