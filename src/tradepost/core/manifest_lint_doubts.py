"""What keeps no manifest from being deployed and deserves a look: unknown names, switches without effect."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from tradepost.core.document import shown
from tradepost.core.manifest import Manifest, Path, PlacedProblem, placed_problem
from tradepost.core.manifest_facts import EGRESS_KINDS, facts_of_manifest
from tradepost.core.manifest_reading import Reader

FIELDS = frozenset({
    "app", "modules", "connectModules", "permissions", "remotes", "resources", "providers", "endpoint", "services",
    "environment", "translations",
})  # fmt: skip
"""The fields of a manifest, those that no rule reads included."""

PERMISSIONS = frozenset({"scopes", "content", "external", "enforcement"})
CONTENT = frozenset({"scripts", "styles"})
EXTERNAL = frozenset({names[0] for names in EGRESS_KINDS} | {"configurable"})
FETCH = frozenset({names[1] for names in EGRESS_KINDS if len(names) > 1})

MOST_OF_A_KIND = 200
"""A hostile manifest can have as many as it has values; nobody reads more than this."""

_EXTERNAL: Path = ("permissions", "external")


def find_doubts(manifest: Manifest) -> tuple[PlacedProblem, ...]:
    """Every warning about a manifest that its Connect part has no share in."""
    reader = Reader(manifest)
    return tuple(
        placed_problem(manifest, path, text, rule)
        for find in (_unknown_names, _unknown_remotes, _repeated_remotes, _editions, _plain_http)
        for path, text, rule in islice(find(manifest, reader), MOST_OF_A_KIND)
    )


_Doubt = tuple[Path, str, str]


def _unknown_names(manifest: Manifest, reader: Reader) -> Iterator[_Doubt]:
    yield from _unknown((), manifest.document, FIELDS, "lint.field_unknown", "field")
    for path, known in (
        (("permissions",), PERMISSIONS),
        (("permissions", "content"), CONTENT),
        (_EXTERNAL, EXTERNAL),
        ((*_EXTERNAL, "fetch"), FETCH),
    ):
        names = [str(part) for part in path]
        yield from _unknown(path, reader.part(*names), known, "lint.permission_unknown", "permission")


def _unknown(path: Path, value: object, known: frozenset[str], rule: str, what: str) -> Iterator[_Doubt]:
    for name in value if isinstance(value, Mapping) else ():
        if name not in known:
            where = f" of {'.'.join(map(str, path))}" if path else ""
            text = f"The {what} {shown(name)}{where} is not known and has no effect. Known: {', '.join(sorted(known))}."
            yield (*path, name), text, rule


def _unknown_remotes(manifest: Manifest, reader: Reader) -> Iterator[_Doubt]:
    """References in `permissions.external`, and in the endpoints that modules are answered from."""
    facts = facts_of_manifest(manifest)
    for entry, path in facts.egress.items():
        if entry.dangling:
            yield (*path, "remote"), f"No remote has the key {shown(entry.address)!r}.", "lint.remote_unknown"
    for names in (("modules", "endpoint"), ("endpoint",)):
        for _, where, item in reader.keyed(reader.part(*names), names):
            name = item.get("remote")
            if isinstance(name, str) and name not in facts.remotes:
                yield (*where, "remote"), f"No remote has the key {shown(name)!r}.", "lint.remote_unknown"


def _repeated_remotes(_: Manifest, reader: Reader) -> Iterator[_Doubt]:
    seen: set[str] = set()
    for key, where, _item in reader.keyed(reader.part("remotes"), ("remotes",)):
        if key is None:
            yield where, "This remote has no key, so nothing can refer to it.", "lint.remote_key"
        elif key in seen:
            text = f"Another remote has the key {shown(key)!r} already; the two count as one."
            yield (*where, "key"), text, "lint.remote_key"
        else:
            seen.add(key)


def _editions(manifest: Manifest, reader: Reader) -> Iterator[_Doubt]:
    path = ("app", "licensing", "editionsEnabled")
    if reader.flag(reader.part(*path), path) and not facts_of_manifest(manifest).licensing:
        text = "editionsEnabled has no effect without app.licensing.enabled: a free app has no editions."
        yield path, text, "lint.editions"


def _plain_http(manifest: Manifest, _: Reader) -> Iterator[_Doubt]:
    facts = facts_of_manifest(manifest)
    found: list[tuple[str, Path]] = [(entry.address, path) for entry, path in facts.egress.items()]
    found += [(address, path) for remote in facts.remotes.values() for (_r, address), path in remote.addresses.items()]
    said: set[Path] = set()
    for address, path in found:
        if _is_plain_http(address) and path not in said and not _refers(manifest, path):
            said.add(path)
            text = f"{shown(address)} is plain http: what is sent there can be read and changed on the way."
            yield path, text, "lint.plain_http"


def _is_plain_http(address: str) -> bool:
    return address.lower().startswith(("http://", "ws://"))


def _refers(manifest: Manifest, path: Path) -> bool:
    """Whether the entry stands for the addresses of a remote, where they are told of already."""
    node: Any = manifest.document
    for part in path:
        node = node[part]
    return isinstance(node, dict) and "remote" in node and "address" not in node
