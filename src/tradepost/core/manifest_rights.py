"""What a site grants with a manifest, and whether one version takes more than another.

A bulk upgrade may bring another major only where nothing more is taken; a rolling release brings code ahead of
permissions where the manifest says that the app looks after them itself. Source: domain.md 4.5 and 4.7.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tradepost.core.document import shown
from tradepost.core.manifest import Manifest, PlacedReason
from tradepost.core.manifest_equivalence import judge_equivalence
from tradepost.core.manifest_equivalence_explained import Way
from tradepost.core.manifest_facts import Egress, facts_of_manifest
from tradepost.core.manifest_reading import Reader
from tradepost.core.manifest_release import compare_manifests
from tradepost.core.plan import Rollout

ESCALATIONS = frozenset({
    "manifest_scope.added", "egress.added", "egress.changed", "egress.opened", "content.added", "provider.added",
    "provider.changed", "remote.added", "region.added", "region.changed", "remote.stores", "remote.opened",
    "payment.enabled", "payment.disabled", "connect_key.changed",
})  # fmt: skip
"""The rules of numbering that keep a version out of a bulk upgrade: new rights, and another payment model."""

_ENFORCEMENT = ("permissions", "enforcement")
_EDITIONS = ("app", "licensing", "editionsEnabled")
_APP_MANAGED = "app-managed"


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that a manifest asks for, granted by a site or not. `kind` groups them for people."""

    kind: str
    text: str
    granted: bool
    asked: bool


def is_app_managed(manifest: Manifest) -> bool:
    """Whether the app looks after its permissions at run time, so that its code may go ahead of them."""
    return Reader(manifest).text(Reader(manifest).part(*_ENFORCEMENT), _ENFORCEMENT) == _APP_MANAGED


def says_editions(manifest: Manifest) -> bool:
    """Whether the app says that it has editions: a deployed one is sold in them only where it does (domain.md 4.9)."""
    return Reader(manifest).flag(Reader(manifest).part(*_EDITIONS), _EDITIONS)


def find_escalations(granted: Manifest, offered: Manifest) -> tuple[PlacedReason, ...]:
    """Why a bulk upgrade may not bring the offered manifest to a site that has granted the other one."""
    return tuple(reason for reason in compare_manifests(granted, offered) if reason.rule in ESCALATIONS)


def find_rollout(granted: Manifest, offered: Manifest) -> Rollout | None:
    """What a rollout that the vendor started is for a site, from one deployed version to another; None: it asks."""
    if not find_escalations(granted, offered):
        return Rollout.BULK
    return Rollout.ROLLING if is_app_managed(offered) else None


def find_crossing_rollout(document: Mapping[str, Any], offered: Manifest) -> Rollout | None:
    """The same for a site that runs a watched version. Nothing was granted there by a manifest, so it never rolls."""
    return None if judge_equivalence(document, offered).way is Way.CONSENT else Rollout.BULK


def compare_permissions(granted: Manifest | None, asked: Manifest) -> tuple[Permission, ...]:
    """What a site has granted against what is asked, side by side, in the order of kinds and names."""
    old = set(_permissions(granted)) if granted is not None else set()
    new = set(_permissions(asked))
    return tuple(Permission(kind, text, (kind, text) in old, (kind, text) in new) for kind, text in sorted(old | new))


def _permissions(manifest: Manifest) -> Iterator[tuple[str, str]]:
    facts = facts_of_manifest(manifest)
    for name in facts.scopes:
        yield "scope", shown(name)
    for entry in facts.egress:
        yield "address", _said(entry)
    for kind, value in facts.content:
        yield "content", f"{shown(kind)}: {shown(value)}"
    for key, _ in facts.providers:
        yield "sign-in provider", shown(key or "(without a key)")
    for key, remote in facts.remotes.items():
        for address in sorted(remote.all_addresses):
            yield "remote", f"{shown(key or '(without a key)')}: {shown(address)}"
        if remote.stores_in_scope:
            yield "remote", f"{shown(key or '(without a key)')} stores personal data of users"
    if facts.customer_managed:
        yield "address", "any that your administrators add"
    if facts.licensing:
        yield "payment", "the app has to be paid for"


def _said(entry: Egress) -> str:
    more = [each for each in (entry.category, "personal data of users" if entry.in_scope else None) if each]
    return f"{entry.kind}: {shown(entry.address)}" + (f" ({', '.join(map(shown, more))})" if more else "")
