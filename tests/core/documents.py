"""Descriptors for tests: a good one, and strategies that make and change them."""

import copy
import json
from typing import Any

from hypothesis import strategies as st

SCOPES = [
    "NONE", "READ", "read", "WRITE", "DELETE", "PROJECT_ADMIN", "SPACE_ADMIN", "ADMIN", "Admin", "ACT_AS_USER",
    "ACCESS_EMAIL_ADDRESSES", "READ_MAIL", "adm\u0131n", "",
]  # fmt: skip


def good(**changes: Any) -> dict[str, Any]:
    """A listable descriptor with some fields replaced."""
    document = {
        "key": "com.example.app",
        "name": "Example",
        "baseUrl": "https://app.example.com",
        "authentication": {"type": "jwt"},
        "lifecycle": {"installed": "/installed"},
        "scopes": ["READ"],
        "modules": {"webPanels": [panel("one"), panel("two")]},
    }
    return copy.deepcopy(document) | changes


def panel(key: str) -> dict[str, Any]:
    """A web panel that can be shown."""
    return {
        "key": key,
        "name": {"value": key.title()},
        "url": f"/{key}",
        "location": "atl.jira.view.issue.right.context",
    }


def without(name: str) -> dict[str, Any]:
    document = good()
    del document[name]
    return document


def raw(document: object) -> bytes:
    return json.dumps(document).encode()


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, -0.0, 1.0, 2.5, 1e300]),
    st.sampled_from("abc/~"),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc/~"), inner, max_size=3),
    max_leaves=6,
)
modules_of_a_kind = st.one_of(
    st.lists(st.fixed_dictionaries({"key": st.sampled_from("abcd")}, optional={"url": scalars}), max_size=4),
    st.lists(values, max_size=4),
    values,
)
modules = st.one_of(
    st.dictionaries(st.sampled_from(["webPanels", "webhooks", "a/b"]), modules_of_a_kind, max_size=3), values
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "key": st.sampled_from(["app", "app", "app", "other", None, 1]),
        "name": scalars,
        "baseUrl": st.one_of(st.sampled_from(["https://a.example", "https://b.example"]), scalars),
        "version": scalars,
        "apiVersion": st.one_of(st.none(), st.integers(-1, 4)),
        "scopes": st.one_of(st.none(), st.lists(st.sampled_from(SCOPES), max_size=4)),
        "enableLicensing": st.sampled_from([None, False, True]),
        "lifecycle": st.one_of(st.dictionaries(st.sampled_from(["installed", "enabled"]), scalars), values),
        "apiMigrations": st.one_of(st.dictionaries(st.sampled_from(["gdpr", "signed-install"]), scalars), values),
        "modules": modules,
        "vendor": values,
    },
)
"""Documents that the rules can read, listable or not."""


def reordered(value: Any) -> Any:
    """The same JSON value with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {name: reordered(value[name]) for name in reversed(list(value))}
    if isinstance(value, list):
        return [reordered(entry) for entry in value]
    return value


def tagged(value: Any) -> Any:
    """A value in which Python's own equality tells 1, 1.0 and true apart: an oracle written another way."""
    if isinstance(value, dict):
        return {name: tagged(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [tagged(entry) for entry in value]
    return (type(value).__name__, repr(value))


def compared(document: dict[str, Any]) -> Any:
    """What of a document counts in a comparison, by the words of the issue."""
    rest = {name: tagged(entry) for name, entry in document.items() if name not in OWN_RULES}
    api_version = document.get("apiVersion")
    return (
        rest,
        api_version if api_version is not None and api_version > 0 else 1,
        frozenset("".join(c.upper() if c.isascii() else c for c in scope) for scope in document.get("scopes") or []),
        bool(document.get("enableLicensing")),
    )


OWN_RULES = {"version", "apiVersion", "scopes", "enableLicensing"}
