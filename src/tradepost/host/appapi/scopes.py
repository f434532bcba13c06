"""Which scope an app needs for which request to a site, as a table. Source: domain.md 2.3, protocol.md 5.2."""

import re
from dataclasses import dataclass

from tradepost.core.errors import ForbiddenError
from tradepost.core.scopes import KNOWN

READ, WRITE, DELETE = "READ", "WRITE", "DELETE"
PROJECT_ADMIN, ADMIN, ACT_AS_USER = "PROJECT_ADMIN", "ADMIN", "ACT_AS_USER"
E_MAIL = "ACCESS_EMAIL_ADDRESSES"

BY_METHOD = {"GET": READ, "HEAD": READ, "OPTIONS": READ, "POST": WRITE, "PUT": WRITE, "PATCH": WRITE, "DELETE": DELETE}
"""What a request needs where the table says nothing else of its path."""


@dataclass(frozen=True, slots=True)
class Row:
    """Requests by these methods to paths of this shape need `scope`; empty: what BY_METHOD says."""

    methods: str
    path: str
    scope: str = ""

    def fits(self, method: str, path: str) -> bool:
        """Whether the row speaks of the request. `path` begins behind the context path of the site."""
        return (self.methods == "*" or method in self.methods.split()) and bool(
            re.fullmatch(self.path, path, re.DOTALL)
        )


_APP = r"/rest/atlassian-connect/(?:1|latest)/addons/[^/]+"
_API = r"/rest/api/(?:2|3|latest)"
_CHANGES = "POST PUT PATCH DELETE"

TABLE = (
    # An app's own entry and properties: every app may, also to write.
    Row("*", rf"{_APP}(?:/properties(?:/.*)?)?", READ),
    # Questions that are asked by POST.
    Row("POST", rf"{_API}/(?:permissions/check|permissions/project|search(?:/.*)?|jql/.*|expression/.*)", READ),
    Row("*", rf"{_API}/project/[^/]+/properties(?:/.*)?"),
    Row(_CHANGES, rf"{_API}/project(?:/.*)?", PROJECT_ADMIN),
    Row("*", rf"{_API}/user/properties(?:/.*)?"),
    Row(_CHANGES, rf"{_API}/(?:users?|groups?|role|permissionscheme|configuration|settings)(?:/.*)?", ADMIN),
    Row("*", rf"{_API}/.+"),
)
"""The first row that fits says it."""


def needed_scope(method: str, path: str) -> str:
    """What an app needs for a request. `path` begins behind the context path of the site.

    What the table does not know is left to apps that may administer the site.
    """
    # Addresses that end in `$` also take a line end, which must lead past no row.
    known, one_line = method.upper(), path.replace("\n", "")
    for row in TABLE:
        if row.fits(known, one_line):
            return row.scope or BY_METHOD.get(known, ADMIN)
    return ADMIN


def missing_scope(scope: str) -> ForbiddenError:
    """What an app is told that was not granted a scope."""
    return ForbiddenError(f"The app needs the scope {scope} for this: to {KNOWN[scope]}.")
