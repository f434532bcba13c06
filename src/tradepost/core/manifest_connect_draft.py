"""Writing a Connect descriptor from a manifest, part by part, remembering where each part came from."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tradepost.core.document import kind_of, shown
from tradepost.core.manifest import Manifest, Path, PlacedProblem, placed_problem
from tradepost.core.manifest_facts import DEFAULT_REGION, ManifestFacts, facts_of_manifest
from tradepost.core.manifest_reading import Reader
from tradepost.core.manifest_scopes import connect_scope
from tradepost.core.module_kinds import KINDS

CONNECT_MODULES = "connectModules"

_LIFECYCLE = "lifecycle"
_CONNECT: Path = ("app", "connect")
_ASYMMETRIC = "jwt-asymmetric"
_KEY = re.compile(r"[a-zA-Z0-9._-]+")


def connect_types(manifest: Manifest) -> Iterator[tuple[str, str, Any]]:
    """Each type of `connectModules` that holds anything: as it is written, without its product, and what it holds."""
    modules = manifest.document.get(CONNECT_MODULES)
    for kind, value in modules.items() if isinstance(modules, dict) else ():
        if value is not None:
            yield kind, kind.partition(":")[2] or kind, value


def connect_remote(manifest: Manifest) -> str | None:
    """The remote that `app.connect` names; None where it names none."""
    reader = Reader(manifest)
    return reader.text(reader.part("app", "connect", "remote"), (*_CONNECT, "remote"))


def part_of(manifest: Manifest, path: Path) -> object:
    """What stands in the manifest at a path; None where nothing does."""
    node: Any = manifest.document
    for name in path:
        try:
            node = node[name]
        except (LookupError, TypeError):
            return None
    return node


def nearest(manifest: Manifest, path: Path) -> Path:
    """The path, or the longest part of it at which anything stands."""
    while path and part_of(manifest, path) is None:
        path = path[:-1]
    return path


class Draft:
    """A descriptor being written. `origins` leads from parts of it (as a tuple of names) to parts of the manifest."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.problems: list[PlacedProblem] = []
        self.origins: dict[tuple[str, ...], Path] = {}
        self._document: dict[str, Any] = {}
        self._facts: ManifestFacts = facts_of_manifest(manifest)
        self._reader = Reader(manifest)

    def write(self, *, key: str | None, region: str) -> dict[str, Any]:
        """The descriptor; what could not be written is missing from it and stands in `problems`."""
        self._write_key(key)
        self._write_address(region)
        self._write_authentication()
        self._write_scopes()
        self._set("enableLicensing", self._facts.licensing, ("app", "licensing", "enabled"))
        for name in ("name", "description"):
            if part_of(self.manifest, ("app", name)) is not None:
                self._set(name, part_of(self.manifest, ("app", name)), ("app", name))
        self._write_modules()
        return self._document

    def _set(self, name: str, value: object, path: Path) -> None:
        self._document[name] = value
        self.origins[(name,)] = path

    def _problem(self, path: Path, text: str, rule: str) -> None:
        self.problems.append(placed_problem(self.manifest, nearest(self.manifest, path), text, rule))

    def _write_key(self, key: str | None) -> None:
        last = (self._facts.app_id or "").rpartition("/")[2]
        if self._facts.connect_key is not None:
            self._set("key", self._facts.connect_key, (*_CONNECT, "key"))
        elif key is not None or _KEY.fullmatch(last):
            self._set("key", last if key is None else key, ("app", "id"))
        else:
            text = (
                "The app has no key: app.connect.key is missing, and app.id does not end with a name that can be one."
            )
            self._problem((*_CONNECT, "key"), text, "connect.key")

    def _write_address(self, region: str) -> None:
        path, name = (*_CONNECT, "remote"), connect_remote(self.manifest)
        if name is None:
            text = "connectModules are there, and app.connect.remote does not name the remote that serves them."
            self._problem(path, text, "connect.remote")
            return
        remote = self._facts.remotes.get(name)
        if remote is None:
            text = f"app.connect.remote names {shown(name)!r}, and no remote has this key."
            self._problem(path, text, "connect.remote_unknown")
            return
        known = region if region in remote.regions else DEFAULT_REGION
        addresses = sorted(remote.regions.get(known, ()))
        if len(addresses) != 1:
            wrong = f"two addresses ({', '.join(map(shown, addresses))})" if addresses else "no address"
            text = f"The remote {shown(name)} has {wrong} for the region {shown(known)}; sites need exactly one."
            self._problem((*remote.path, "baseUrl"), text, "connect.address")
            return
        self._set("baseUrl", addresses[0], remote.addresses[known, addresses[0]])

    def _write_authentication(self) -> None:
        """`jwt` where nothing is said. Asymmetric signing of lifecycle calls is what every site here does."""
        path = (*_CONNECT, "authentication")
        kind = self._reader.text(self._reader.part("app", "connect", "authentication"), path)
        if kind == _ASYMMETRIC:
            self._set("apiMigrations", {"signed-install": True}, path)
        self._set("authentication", {"type": "jwt" if kind in {None, _ASYMMETRIC} else kind}, path)
        self.origins["authentication", "type"] = path

    def _write_scopes(self) -> None:
        scopes: dict[str, Path] = {}
        for name, path in self._facts.scopes.items():
            scope = connect_scope(name)
            if scope is not None:
                scopes.setdefault(scope, path)
        self._set("scopes", list(scopes), ("permissions", "scopes"))
        for place, path in enumerate(scopes.values()):
            self.origins["scopes", str(place)] = path

    def _write_modules(self) -> None:
        modules: dict[str, Any] = {}
        products: dict[str, Path] = {}
        self._set("modules", modules, (CONNECT_MODULES,))
        self.origins[(_LIFECYCLE,)] = (CONNECT_MODULES,)
        written = part_of(self.manifest, (CONNECT_MODULES,))
        if not isinstance(written, dict):
            text = f"connectModules must be a mapping of types, not {kind_of(written)}."
            self._problem((CONNECT_MODULES,), text, "connect.module_type")
        for kind, name, value in connect_types(self.manifest):
            path: Path = (CONNECT_MODULES, kind)
            product, colon, _ = kind.partition(":")
            if not colon or not product or not name:
                text = f"{shown(kind)} is no type of Connect modules: it needs its product, as in jira:webPanels."
                self._problem(path, text, "connect.module_type")
                continue
            products.setdefault(product, path)
            if name == _LIFECYCLE:
                self._write_lifecycle(path, value)
            elif name not in modules:
                self._write_kind(modules, name, path, value)
        if len(products) > 1:
            first, *others = products
            text = f"connectModules are of {shown(first)} and of {shown(others[0])}; an app here is of one product."
            self._problem(products[others[0]], text, "connect.products")

    def _write_kind(self, modules: dict[str, Any], name: str, path: Path, value: Any) -> None:
        """A type that is one object by its nature stands in a manifest as a list of one."""
        alone = name in KINDS and KINDS[name].single and isinstance(value, list) and len(value) == 1
        modules[name] = value[0] if alone else value
        self.origins["modules", name] = (*path, 0) if alone else path

    def _write_lifecycle(self, path: Path, value: Any) -> None:
        """Every entry's events; `key` names the entry and is none of them."""
        lifecycle: dict[str, Any] = self._document.setdefault(_LIFECYCLE, {})
        self.origins[(_LIFECYCLE,)] = path
        entries = [((*path, place), entry) for place, entry in enumerate(value)] if isinstance(value, list) else []
        for where, entry in entries or [(path, value)]:
            if not isinstance(entry, Mapping):
                text = f"A lifecycle entry must be a mapping of events, not {kind_of(entry)}."
                self._problem(where, text, "connect.lifecycle")
                continue
            for event, address in entry.items():
                if event == "key":
                    continue
                if lifecycle.setdefault(event, address) != address:
                    text = f"The lifecycle event {shown(event)} has two addresses."
                    self._problem((*where, event), text, "connect.lifecycle")
                self.origins.setdefault((_LIFECYCLE, event), (*where, event))
