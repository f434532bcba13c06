"""Versions as the host service knows them: fetched once, verified, read by the same rules as at the marketplace."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from django.db import IntegrityError, transaction

from tradepost.core import plan
from tradepost.core.consent import Ask, Terms, what_is_asked
from tradepost.core.descriptor import Descriptor, ListingPolicy, parse_descriptor
from tradepost.core.document import DEFAULT_LIMITS, DocumentLimits
from tradepost.core.errors import Problem, ProblemsError
from tradepost.core.manifest import Manifest
from tradepost.core.manifest_rights import Permission, compare_permissions
from tradepost.core.manifest_scopes import connect_scope
from tradepost.core.scopes import expand
from tradepost.core.version import Version
from tradepost.foundation.clock import new_id
from tradepost.foundation.configuration import configuration
from tradepost.host.marketlink.client import MarketplaceClient
from tradepost.host.sites.models import Site
from tradepost.wire import messages as wire
from tradepost.wire.manifest_text import read_manifest

from .models import KnownVersion, bytes_of

MANIFEST_ASKS = "manifest.asked"
MOST_KEPT = 500
"""answers in the memory of one process about what a manifest asks for"""


def terms_of(version: KnownVersion) -> Terms:
    """What an administrator agrees to with the version."""
    return Terms(
        rights=expand(version.scopes),
        paid=version.paid,
        api_version=version.api_version,
        major=version.major if version.is_deployed else None,
    )


def for_plan(version: KnownVersion | None) -> plan.KnownVersion | None:
    """The version as the plan looks at it."""
    return None if version is None else plan.KnownVersion(version.number, version.order_key, terms_of(version))


def asked_at_first(version: KnownVersion) -> Ask:
    """What installing the version asks of a site that has nothing of the app: all its rights, and payment.

    Of a deployed version also whatever else its manifest asks for, so that an administrator grants what they were
    shown. May read its manifest.
    """
    nothing = Terms(rights=frozenset(), paid=False, api_version=version.api_version)
    asked = what_is_asked(nothing, terms_of(version))
    return replace(asked, other=_asked_by_manifest(version.manifest_sha256, version)) if version.is_deployed else asked


_kept: dict[str, tuple[tuple[str, str], ...]] = {}


def _asked_by_manifest(sha256: str, version: KnownVersion) -> tuple[tuple[str, str], ...]:
    """What stands beside rights and payment, as pairs of a rule and a sentence."""
    known = _kept.get(sha256)
    if known is None:
        manifest = read_known_manifest(bytes(version.manifest or b""))
        known = tuple((MANIFEST_ASKS, said) for each in compare_permissions(None, manifest) if (said := _said(each)))
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[sha256] = known
    return known


def _said(permission: Permission) -> str:
    """What is asked in a sentence; empty for what rights and payment say already."""
    if permission.kind == "payment" or (permission.kind == "scope" and connect_scope(permission.text) is not None):
        return ""
    return _SAID.get(permission.kind, "The app asks for {}.").format(permission.text)


_SAID = {
    "scope": "The app has the scope {}, for code that does not run here.",
    "address": "The app reaches {}.",
    "content": "Its pages may use {}.",
    "remote": "It uses the remote {}.",
    "sign-in provider": "It asks users to sign in with {}.",
}


def read_known_manifest(raw: bytes) -> Manifest:
    """The manifest of a version that is known here: its text was read without a problem when it was learnt.

    What newer rules would refuse is read as an empty one, which asks nothing and equals nothing.
    """
    return read_manifest(raw).manifest or Manifest({})


def find_known(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], KnownVersion]:
    """The versions with these app keys and numbers, by them."""
    wanted = set(pairs)
    rows = KnownVersion.objects.filter(
        origin_site=None, app_key__in={app for app, _ in wanted}, number__in={number for _, number in wanted}
    ).defer(*bytes_of())
    return {(row.app_key, row.number): row for row in rows if (row.app_key, row.number) in wanted}


def learn(offered: wire.OfferedVersion, client: MarketplaceClient, now: datetime) -> KnownVersion:
    """Return the version, fetched and verified unless it is known. Not to be called inside a transaction.

    Raises MarketplaceError when its descriptor or manifest cannot be fetched, ProblemsError when it cannot be taken
    here: it does not read, stands on this host's own origin, or contradicts what is known under the same number.
    """
    known = find_known([(offered.app, offered.version)]).get((offered.app, offered.version))
    if known is not None:
        _check_same(known, offered)
        return known
    raw = client.descriptor(offered.descriptor)
    manifest = client.manifest(offered.manifest) if offered.manifest else None
    version = _read(raw, manifest, offered, now)
    try:
        with transaction.atomic():
            version.save(force_insert=True)
    except IntegrityError:  # another worker learnt it at the same time
        known = KnownVersion.objects.get(origin_site=None, app_key=offered.app, number=offered.version)
        _check_same(known, offered)
        return known
    return version


def _read(raw: bytes, manifest: bytes | None, offered: wire.OfferedVersion, now: datetime) -> KnownVersion:
    descriptor = parse_descriptor(raw, policy=listing_policy())
    number = Version.parse(offered.version)
    problems = [*_find_contradictions(descriptor, offered, number), *find_own_origin(descriptor)]
    if manifest is not None:
        problems += read_manifest(manifest, limits=_manifest_limits()).problems
    if problems:
        raise ProblemsError(tuple(problems))
    version = describe(
        descriptor,
        raw,
        number,
        sha256=offered.descriptor,
        reasons=msgspec.to_builtins(offered.reasons),
        notes=offered.notes,
        made_at=offered.made_at,
        now=now,
    )
    version.manifest, version.manifest_sha256 = manifest, offered.manifest or ""
    return version


def _manifest_limits() -> DocumentLimits:
    return replace(DEFAULT_LIMITS, max_bytes=configuration.limits.document_bytes)


def listing_policy() -> ListingPolicy:
    """What a descriptor must be to be taken here."""
    return ListingPolicy(development=configuration.development, forbidden_origins=frozenset({configuration.host_url}))


def describe(
    descriptor: Descriptor,
    raw: bytes,
    number: Version,
    *,
    sha256: str,
    reasons: list[Any],
    made_at: datetime,
    now: datetime,
    notes: str = "",
    origin_site: Site | None = None,
) -> KnownVersion:
    """The row of a version, not yet saved. `made_at` and `now` are domain time."""
    return KnownVersion(
        id=new_id(),
        origin_site=origin_site,
        app_key=descriptor.key,
        number=str(number),
        order_key=number.order_key,
        build=number.build,
        descriptor=raw,
        sha256=sha256,
        name=descriptor.name,
        base_url=descriptor.base_url,
        scopes=sorted(descriptor.scopes),
        paid=descriptor.enable_licensing,
        api_version=descriptor.api_version,
        authentication=descriptor.authentication,
        installed_path=descriptor.installed_path or "",
        warnings=[{"pointer": w.pointer, "text": w.text, "rule": w.rule} for w in descriptor.warnings],
        reasons=reasons,
        notes=notes,
        made_at=made_at,
        fetched_at=now,
    )


def _find_contradictions(descriptor: Descriptor, offered: wire.OfferedVersion, number: Version) -> Iterable[Problem]:
    if descriptor.key != offered.app:
        yield Problem("/key", f"The descriptor offered for {offered.app} belongs to {descriptor.key}.", "key.changed")
    # What a deployment makes has its number from the manifests before it.
    if offered.manifest is None and number.major != descriptor.api_version:
        text = f"Version {number} was offered for a descriptor with apiVersion {descriptor.api_version}."
        yield Problem("/apiVersion", text, "api_version.contradicts")


def find_own_origin(descriptor: Descriptor) -> Iterable[Problem]:
    """An app on a site's own host name could read what the site's pages can."""
    name = (urlsplit(descriptor.base_url).hostname or "").rstrip(".")
    if Site.objects.filter(host_name__iexact=name).exclude(host_name="").exists():
        yield Problem("/baseUrl", "The app stands on the origin of a site of this host service.", "base_url.own_origin")


def _check_same(known: KnownVersion, offered: wire.OfferedVersion) -> None:
    if (known.manifest_sha256 or None) != offered.manifest:
        text = f"Version {known.number} is known here with another manifest; a version never changes."
        raise ProblemsError((Problem("", text, "version.changed"),))
    if known.sha256 != offered.descriptor:
        text = f"Version {known.number} is known here with another descriptor; a version never changes."
        raise ProblemsError((Problem("", text, "version.changed"),))
