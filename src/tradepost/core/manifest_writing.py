"""The manifest that deploys a watched app as it is: the way back of `manifest_connect`.

Sites that get it are asked for nothing, since it says what the descriptor says. Source: domain.md 4.8, protocol.md 7.2.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tradepost.core.difference import pointer
from tradepost.core.document import shown
from tradepost.core.errors import Problem
from tradepost.core.manifest_scopes import connect_scope
from tradepost.core.scopes import canonical

REMOTE = "connect"
"""The key of the remote that serves the app."""

_WRITTEN = frozenset({
    "key", "name", "description", "baseUrl", "authentication", "lifecycle", "scopes", "enableLicensing", "modules",
    "apiMigrations",
})  # fmt: skip
_SIGNED_INSTALL = "signed-install"


@dataclass(frozen=True, slots=True)
class WrittenManifest:
    """A manifest, as a value with its parts in the order people read them. `lost` is what has no place in one."""

    document: dict[str, Any]
    lost: tuple[Problem, ...]


def manifest_of(descriptor: Mapping[str, Any], *, app_id: str | None = None, product: str = "jira") -> WrittenManifest:
    """Write the manifest of a listable descriptor. Without `app_id` the app is still to be registered."""
    app: dict[str, Any] = {} if app_id is None else {"id": app_id}
    app |= {name: descriptor[name] for name in ("name", "description") if name in descriptor}
    asymmetric = _migrations(descriptor).get(_SIGNED_INSTALL) is True
    kind = str(_mapping(descriptor.get("authentication")).get("type", "jwt")).lower()
    app["connect"] = {
        "key": descriptor["key"],
        "remote": REMOTE,
        "authentication": "jwt-asymmetric" if asymmetric and kind == "jwt" else kind,
    }
    if descriptor.get("enableLicensing") is True:
        app["licensing"] = {"enabled": True}
    scopes = {_scope(name, product): None for name in descriptor.get("scopes", ())}
    document = {
        "app": app,
        "remotes": [{"key": REMOTE, "baseUrl": descriptor["baseUrl"]}],
        "permissions": {"scopes": [name for name in scopes if connect_scope(name) is not None]},
        "connectModules": dict(_modules(descriptor, product)),
    }
    return WrittenManifest(document, tuple(_lost(descriptor, product)))


def _scope(name: str, product: str) -> str:
    return f"{canonical(name).lower().replace('_', '-')}:connect-{product}"


def _modules(descriptor: Mapping[str, Any], product: str) -> Iterator[tuple[str, Any]]:
    lifecycle = _mapping(descriptor.get("lifecycle"))
    if lifecycle:
        yield f"{product}:lifecycle", [{"key": "lifecycle-events", **lifecycle}]
    for kind, value in _mapping(descriptor.get("modules")).items():
        yield f"{product}:{kind}", value if isinstance(value, list) else [value]


def _lost(descriptor: Mapping[str, Any], product: str) -> Iterator[Problem]:
    """What a manifest has no place for, or this one cannot say."""
    for name in descriptor:
        if name not in _WRITTEN:
            yield Problem(shown(pointer(name)), f"{shown(name)} has no place in a manifest.")
    for name in _migrations(descriptor):
        if name != _SIGNED_INSTALL:
            text = f"The migration {shown(name)} has no place in a manifest."
            yield Problem(shown(pointer("apiMigrations", name)), text)
    for place, name in enumerate(descriptor.get("scopes", ())):
        if connect_scope(_scope(name, product)) is None:
            text = f"The scope {shown(name)} cannot be written in a manifest."
            yield Problem(pointer("scopes", place), text)


def _migrations(descriptor: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(descriptor.get("apiMigrations"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
