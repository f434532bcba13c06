"""What the rules read in a manifest, as facts: order, list or mapping form, text or mapping form are gone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from tradepost.core.manifest import Manifest, Path, PlacedProblem
from tradepost.core.manifest_reading import Reader

EGRESS_KINDS = (
    ("fetch", "backend"),
    ("fetch", "client"),
    ("images",),
    ("scripts",),
    ("styles",),
    ("fonts",),
    ("frames",),
    ("media",),
)
"""Where egress entries stand below `permissions.external`."""

BACKEND = "fetch.backend"
DEFAULT_REGION = "default"
STATIC = "static"

_Fact = TypeVar("_Fact")


@dataclass(frozen=True, slots=True)
class Egress:
    """One way out. `dangling` marks a reference to a remote that is not declared; `address` is then its key."""

    kind: str
    address: str
    category: str | None = None
    in_scope: bool = False
    dangling: bool = False

    @property
    def target(self) -> tuple[str, str, bool]:
        """What is reached and how, whatever is said about the data."""
        return self.kind, self.address, self.dangling


@dataclass(frozen=True, slots=True)
class Remote:
    """A backend of the app. `addresses` maps (region, address) to where it stands."""

    path: Path
    addresses: Mapping[tuple[str, str], Path]
    configurable: bool = False
    stores_in_scope: bool = False

    @property
    def regions(self) -> Mapping[str, frozenset[str]]:
        """Region -> its addresses: one, unless two remotes share a key."""
        found: dict[str, set[str]] = {}
        for region, address in self.addresses:
            found.setdefault(region, set()).add(address)
        return {region: frozenset(addresses) for region, addresses in found.items()}

    @property
    def all_addresses(self) -> frozenset[str]:
        """The addresses of all regions."""
        return frozenset(address for _, address in self.addresses)


@dataclass(frozen=True, slots=True)
class ManifestFacts:
    """The facts, each with where it stands. A key that is missing is None, and a value of its own."""

    app_id: str | None
    scopes: Mapping[str, Path]
    egress: Mapping[Egress, Path]
    content: Mapping[tuple[str, str], Path]
    customer_managed: bool
    providers: Mapping[tuple[str | None, str | None], Path]
    remotes: Mapping[str | None, Remote]
    dynamic_triggers: Mapping[str | None, Path]
    static_triggers: Mapping[str | None, Path]
    licensing: bool
    connect_key: str | None

    @property
    def backend_addresses(self) -> frozenset[str]:
        """The addresses in `fetch.backend`, those that references to remotes stand for included."""
        return frozenset(entry.address for entry in self.egress if entry.kind == BACKEND and not entry.dangling)


def facts_of_manifest(manifest: Manifest) -> ManifestFacts:
    """Read the facts, as well as they can be read."""
    return _read(Reader(manifest))


def find_manifest_problems(manifest: Manifest) -> tuple[PlacedProblem, ...]:
    """Everything with a wrong type in what the rules read. A deployment refuses such a manifest."""
    reader = Reader(manifest)
    _read(reader)
    return tuple(dict.fromkeys(reader.problems))


def _read(reader: Reader) -> ManifestFacts:
    remotes = _remotes(reader)
    dynamic, static = _triggers(reader)
    licensing, connect = ("app", "licensing", "enabled"), ("app", "connect", "key")
    managed = ("permissions", "external", "configurable", "enabled")
    scopes = ("permissions", "scopes")
    return ManifestFacts(
        app_id=reader.text(reader.part("app", "id"), ("app", "id")),
        scopes=_first(reader.names(reader.part(*scopes), scopes)),
        egress=_first(_egress(reader, remotes)),
        content=_first(_content(reader)),
        customer_managed=reader.flag(reader.part(*managed), managed),
        providers=_first(_providers(reader)),
        remotes=remotes,
        dynamic_triggers=dynamic,
        static_triggers=static,
        licensing=reader.flag(reader.part(*licensing), licensing),
        connect_key=reader.text(reader.part(*connect), connect),
    )


def _first(facts: Iterator[tuple[_Fact, Path]]) -> Mapping[_Fact, Path]:
    """Facts with where each stands first."""
    found: dict[_Fact, Path] = {}
    for fact, path in facts:
        found.setdefault(fact, path)
    return found


def _egress(reader: Reader, remotes: Mapping[str | None, Remote]) -> Iterator[tuple[Egress, Path]]:
    for names in EGRESS_KINDS:
        path = ("permissions", "external", *names)
        for where, item in reader.items(reader.part(*path), path):
            for entry in _entries(reader, ".".join(names), item, where, remotes):
                yield entry, where


def _entries(
    reader: Reader, kind: str, item: Any, where: Path, remotes: Mapping[str | None, Remote]
) -> Iterator[Egress]:
    """The entries that one item stands for: itself, or the addresses of the remote that it refers to."""
    if not isinstance(item, dict):
        yield Egress(kind, reader.text(item, where) or "")
        return
    category = reader.text(item.get("category"), (*where, "category"))
    in_scope = reader.flag(item.get("inScopeEUD"), (*where, "inScopeEUD"))
    address = reader.text(item.get("address"), (*where, "address"))
    key = reader.text(item.get("remote"), (*where, "remote"))
    if address is not None:
        yield Egress(kind, address, category, in_scope)
    if key is not None and key in remotes:
        for found in sorted(remotes[key].all_addresses):
            yield Egress(kind, found, category, in_scope)
    elif key is not None:
        yield Egress(kind, key, category, in_scope, dangling=True)
    if address is None and key is None:
        reader.missing(where, "An entry needs an address or a remote.")


def _content(reader: Reader) -> Iterator[tuple[tuple[str, str], Path]]:
    path = ("permissions", "content")
    for kind, values in reader.mapping(reader.part(*path), path).items():
        for where, item in reader.items(values, (*path, kind)):
            value = reader.text(item, where)
            if value is not None:
                yield (kind, value), where


def _providers(reader: Reader) -> Iterator[tuple[tuple[str | None, str | None], Path]]:
    path = ("providers", "auth")
    for key, where, item in reader.keyed(reader.part(*path), path):
        yield (key, reader.text(item.get("clientId"), (*where, "clientId"))), where


def _remotes(reader: Reader) -> Mapping[str | None, Remote]:
    """Remotes by key. Two with one key are read as one with all that both have, so their order plays no part."""
    found: dict[str | None, Remote] = {}
    for key, where, item in reader.keyed(reader.part("remotes"), ("remotes",)):
        remote = _remote(reader, where, item)
        before = found.get(key)
        if before is not None:
            remote = Remote(
                before.path,
                {**remote.addresses, **before.addresses},
                configurable=before.configurable or remote.configurable,
                stores_in_scope=before.stores_in_scope or remote.stores_in_scope,
            )
        found[key] = remote
    return found


def _remote(reader: Reader, where: Path, item: Mapping[str, Any]) -> Remote:
    path, storage = (*where, "storage"), item.get("storage")
    stores = reader.mapping(storage, path).get("inScopeEUD")
    return Remote(
        where,
        dict(_addresses(reader, item.get("baseUrl"), (*where, "baseUrl"))),
        configurable=_configurable(reader, item.get("configurable"), (*where, "configurable")),
        stores_in_scope=reader.flag(stores, (*path, "inScopeEUD")),
    )


def _addresses(reader: Reader, value: object, path: Path) -> Iterator[tuple[tuple[str, str], Path]]:
    """(region, address) pairs: a plain text is the region `default`."""
    by_region = value if isinstance(value, dict) else {DEFAULT_REGION: value}
    for region, item in by_region.items():
        where = (*path, region) if isinstance(value, dict) else path
        address = reader.text(item, where)
        if address is not None:
            yield (region, address), where


def _configurable(reader: Reader, value: object, path: Path) -> bool:
    """Written as a flag, as a mapping with `enabled`, or as a mapping of settings, whose presence is enough."""
    if isinstance(value, dict):
        return reader.flag(value["enabled"], (*path, "enabled")) if "enabled" in value else bool(value)
    return reader.flag(value, path)


def _triggers(reader: Reader) -> tuple[Mapping[str | None, Path], Mapping[str | None, Path]]:
    """Web triggers that answer from code, and those that answer with fixed text; a missing type means the former."""
    dynamic: dict[str | None, Path] = {}
    static: dict[str | None, Path] = {}
    path = ("modules", "webtrigger")
    for key, where, item in reader.keyed(reader.part(*path), path):
        response = (*where, "response")
        answer = reader.mapping(item.get("response"), response).get("type")
        kind = reader.text(answer, (*response, "type"))
        (static if kind == STATIC else dynamic).setdefault(key, where)
    return dynamic, static
