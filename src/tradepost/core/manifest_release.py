"""Numbering deployments: every production deployment makes a version, minor or major, with its reasons.

Numbers are `major.minor.0` and start at 1.1.0. Source: domain.md 4.1, 4.2 and 4.8.
"""

from collections.abc import Mapping
from typing import Any

from tradepost.core.manifest import Manifest, PlacedReason, placed_reason
from tradepost.core.manifest_facts import facts_of_manifest
from tradepost.core.manifest_modules import other_reasons
from tradepost.core.manifest_remotes import remote_reasons
from tradepost.core.manifest_rules import (
    Side,
    connect_key_reasons,
    content_reasons,
    customer_managed_reasons,
    egress_reasons,
    payment_reasons,
    provider_reasons,
    scope_reasons,
    trigger_reasons,
)
from tradepost.core.release import Refusal, Release
from tradepost.core.version import Change, Version

FIRST_VERSION = Version(1, 1, 0)

_RULES = (
    scope_reasons,
    egress_reasons,
    content_reasons,
    customer_managed_reasons,
    provider_reasons,
    remote_reasons,
    trigger_reasons,
    payment_reasons,
    connect_key_reasons,
)


def decide_deployment(newest: tuple[Version, Manifest] | None, new: Manifest) -> Release:
    """The version that a production deployment makes after `newest`, the newest version ever made of the app.

    Another `app.id` is another app: ask `is_same_app` before.
    """
    if newest is None:
        text = "This is the first deployment of the app."
        reason = placed_reason(new, (), "deployment.first", Change.MAJOR, text)
        told = PlacedReason(reason.rule, "", Change.MAJOR, False, text, reason.line, reason.column)
        return Release(FIRST_VERSION, Change.MAJOR, (told,))
    version, before = newest
    reasons = compare_manifests(before, new)
    change = max(reason.change for reason in reasons)
    return Release(next_version(version, change), change, reasons)


def compare_manifests(before: Manifest, after: Manifest) -> tuple[PlacedReason, ...]:
    """Why a deployment is major or minor, the gravest first; never empty, since a deployment always makes a version."""
    old, new = Side(before, facts_of_manifest(before)), Side(after, facts_of_manifest(after))
    reasons = [reason for rule in _RULES for reason in rule(old, new)]
    told = {reason.pointer.split("/")[1] for reason in reasons}
    reasons += other_reasons(old, new, told=told)
    if not reasons:
        text = "Nothing that counts changed in the manifest. A deployment always makes a version."
        reasons = [new.minor("deployment.unchanged", (), text)]
    return tuple(sorted(reasons, key=lambda reason: -reason.change.severity))


def next_version(version: Version, change: Change) -> Version:
    """The number after this one: `2.0.0` for a major after 1.x, one minor more for anything else."""
    return version.bump(max(change, Change.MINOR), version.major + 1)


def is_same_app(before: Manifest, after: Manifest) -> bool:
    """Whether two manifests are of one app: the same `app.id`, a missing one being a value of its own."""
    return facts_of_manifest(before).app_id == facts_of_manifest(after).app_id


def is_app_of(document: Mapping[str, Any], manifest: Manifest) -> bool:
    """Whether a manifest deploys the app that a descriptor describes: under the same key (domain.md 4.8)."""
    key = facts_of_manifest(manifest).connect_key
    return key is not None and document.get("key") == key


def decide_first_deployment(version: Version, new: Manifest) -> Release:
    """A watched app becomes a deployed app: its first listed major is the highest listed major plus one."""
    text = (
        f"A watched app becomes a deployed app: its first major follows {version}. At sites, consent is asked "
        "where rights rise, whatever the number says."
    )
    reason = placed_reason(new, ("app", "connect", "key"), "deployment.from_watched", Change.MAJOR, text)
    return Release(next_version(version, Change.MAJOR), Change.MAJOR, (reason,))


def refuse_return() -> Refusal:
    """A descriptor cannot follow a manifest under the same key: a deployed app is not watched again."""
    text = "The app is deployed by manifests under this key. It is not watched again."
    return Refusal("deployment.not_back", "/key", text)
