"""What a scope in a manifest amounts to in Connect scopes, for apps that were watched before. Source: domain.md 4.8.

The scopes of whole products follow the published table of equivalents, and so do the few that have none. A scope for
one kind of thing (`write:comment:jira`) is judged by its verb and its thing, the stricter way where that table is
silent: reading is READ, writing and deleting content is WRITE and DELETE, and everything else is administration. One
marketplace serves every product, so the product in a name plays no part beyond being a known one.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from tradepost.core.scopes import canonical

_CONNECT = re.compile(r"([A-Za-z_-]+):connect-[a-z-]+")
_GRANULAR = re.compile(r"([a-z]+):([a-z0-9.-]+):([a-z-]+)")

_PRODUCTS = frozenset({"jira", "jira-software", "jira-service-management", "confluence"})
_READING = frozenset({"read", "readonly", "search", "validate"})

WHOLE: Mapping[str, str | None] = MappingProxyType(
    {
        "read:jira-work": "READ",
        "read:jira-user": "READ",
        "write:jira-work": "DELETE",
        "manage:jira-webhook": "WRITE",
        "manage:jira-project": "PROJECT_ADMIN",
        "manage:jira-configuration": "ADMIN",
        "read:confluence-content.all": "READ",
        "read:confluence-content.summary": "READ",
        "read:confluence-content.permission": "READ",
        "read:confluence-props": "READ",
        "read:confluence-space.summary": "READ",
        "read:confluence-user": "READ",
        "read:confluence-groups": "READ",
        "search:confluence": "READ",
        "write:confluence-content": "DELETE",
        "write:confluence-file": "WRITE",
        "write:confluence-props": "WRITE",
        "write:confluence-space": "ADMIN",
        "manage:confluence-configuration": "ADMIN",
        "write:confluence-groups": None,
        "read:audit-log:confluence": None,
        "write:audit-log:confluence": None,
        "read:audit-log:jira": None,
        "delete:async-task:jira": "READ",
        "read:email-address:jira": "ACCESS_EMAIL_ADDRESSES",
        "read:email-address:confluence": "ACCESS_EMAIL_ADDRESSES",
    }
)
"""Scope -> the Connect scope that covers it; None where none does."""

CONTENT = frozenset({
    "issue", "issue-link", "issue-worklog", "comment", "attachment", "dashboard", "filter", "webhook",
    "sprint", "epic", "board-scope", "build-info", "deployment-info", "dev-info", "feature-flag-info",
    "remote-link-info",
    "content", "page", "blogpost", "custom-content", "label", "inlinetask", "task", "whiteboard", "database",
    "folder", "embed", "watcher",
})  # fmt: skip
"""Things that people write, with their parts: `comment` stands for `comment.property`, too."""

_OWN_DATA = "app-data"
_CONTAINER_PARTS = (("project.", "PROJECT_ADMIN"), ("project-version", "PROJECT_ADMIN"),
                    ("space.", "SPACE_ADMIN"), ("template", "SPACE_ADMIN"))  # fmt: skip
_CONTENT_VERBS = {"write": "WRITE", "delete": "DELETE"}


def connect_scope(name: str) -> str | None:
    """The Connect scope that a name such as `act-as-user:connect-jira` is, in its canonical form; None for others."""
    found = _CONNECT.fullmatch(name)
    return None if found is None else canonical(found[1].replace("-", "_"))


def covering_scope(name: str) -> str | None:
    """The least Connect scope that covers a scope of a manifest; None where none does, so that it needs consent."""
    connect = connect_scope(name)
    if connect is not None:
        return connect
    if name in WHOLE:
        return WHOLE[name]
    found = _GRANULAR.fullmatch(name)
    if found is None or found[3] not in _PRODUCTS:
        return None
    return _granular(found[1], found[2])


def _granular(verb: str, thing: str) -> str | None:
    if verb in _READING:
        return "NONE" if thing == _OWN_DATA else "READ"
    if verb not in _CONTENT_VERBS:
        return None
    if thing == _OWN_DATA:
        return "NONE"
    if thing.partition(".")[0] in CONTENT and not thing.endswith(".admin"):
        return _CONTENT_VERBS[verb]
    return next((scope for start, scope in _CONTAINER_PARTS if thing.startswith(start)), "ADMIN")
