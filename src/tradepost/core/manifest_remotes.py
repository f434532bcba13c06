"""What a manifest changes in its remotes. Source: domain.md 4.2, and the list that holds over it.

Remotes are matched by key and their addresses by region; a plain address is the region `default`.
"""

from collections.abc import Iterator

from tradepost.core.document import shown
from tradepost.core.manifest import Path, PlacedReason
from tradepost.core.manifest_facts import Remote
from tradepost.core.manifest_rules import Side


def remote_reasons(old: Side, new: Side) -> Iterator[PlacedReason]:
    """Every remote that came, went or changed where it leads, what it keeps, or who manages it."""
    before, after = old.facts.remotes, new.facts.remotes
    for key, remote in after.items():
        if key in before:
            name = _name(key)
            yield from _region_reasons(old, new, name, before[key], remote)
            yield from _flag_reasons(old, new, name, before[key], remote)
        else:
            yield _added(old, new, _name(key), remote)
    for key, remote in before.items():
        if key not in after:
            yield old.minor("remote.removed", remote.path, f"{_name(key)} is gone.")


def _added(old: Side, new: Side, name: str, remote: Remote) -> PlacedReason:
    """A new remote without any address says nothing of where it leads, so it is minor only for customers to fill."""
    if remote.all_addresses and remote.all_addresses <= old.facts.backend_addresses:
        text = f"{name} is new; all its addresses stood in fetch.backend."
        return new.minor("remote.moved_in", remote.path, text)
    if remote.configurable and not remote.all_addresses:
        text = f"{name} is new, managed by customers and without an address."
        return new.minor("remote.prepared", remote.path, text)
    addresses = ", ".join(shown(address) for address in sorted(remote.all_addresses)) or "no address"
    return new.major("remote.added", remote.path, f"{name} is new ({addresses}).")


def _region_reasons(old: Side, new: Side, name: str, before: Remote, after: Remote) -> Iterator[PlacedReason]:
    was, now = before.regions, after.regions
    if before.configurable and was and not now:
        text = f"{name}, managed by customers, no longer brings an address."
        yield old.minor("remote.emptied", before.path, text)
        return
    for region in sorted(was.keys() | now.keys()):
        if region not in now:
            yield old.major("region.removed", _path(before, region), f"{name} has no address for {shown(region)} now.")
        elif region not in was and now[region] <= before.all_addresses:
            text = f"{name} names {shown(region)} with an address that it had before."
            yield new.minor("region.named", _path(after, region), text)
        elif region not in was:
            text = f"{name} has an address for {shown(region)} now: {_addresses(now[region])}."
            yield new.major("region.added", _path(after, region), text)
        elif was[region] != now[region]:
            text = f"{name} leads to {_addresses(now[region])} for {shown(region)}, not to {_addresses(was[region])}."
            yield new.major("region.changed", _path(after, region), text)


def _flag_reasons(old: Side, new: Side, name: str, before: Remote, after: Remote) -> Iterator[PlacedReason]:
    path = (*after.path, "storage", "inScopeEUD")
    if after.stores_in_scope and not before.stores_in_scope:
        yield new.major("remote.stores", path, f"{name} newly stores in-scope end-user data.")
    if before.stores_in_scope and not after.stores_in_scope:
        path = (*before.path, "storage", "inScopeEUD")
        yield old.minor("remote.stores_no_more", path, f"{name} no longer stores in-scope end-user data.")
    if after.configurable and not before.configurable:
        yield new.major("remote.opened", (*after.path, "configurable"), f"{name} is newly managed by customers.")
    if before.configurable and not after.configurable:
        path = (*before.path, "configurable")
        yield old.minor("remote.closed", path, f"{name} is no longer managed by customers.")


def _path(remote: Remote, region: str) -> Path:
    return next(path for (name, _), path in remote.addresses.items() if name == region)


def _addresses(addresses: frozenset[str]) -> str:
    return ", ".join(shown(address) for address in sorted(addresses))


def _name(key: str | None) -> str:
    return "A remote without a key" if key is None else f"The remote {shown(key)}"
