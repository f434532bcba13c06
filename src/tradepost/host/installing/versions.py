"""Versions as the host service knows them: fetched once, verified, read by the same rules as at the marketplace."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from django.db import IntegrityError, transaction

from tradepost.core import plan
from tradepost.core.consent import Ask, Terms, what_is_asked
from tradepost.core.descriptor import Descriptor, ListingPolicy, parse_descriptor
from tradepost.core.errors import Problem, ProblemsError
from tradepost.core.scopes import expand
from tradepost.core.version import Version
from tradepost.foundation.clock import new_id
from tradepost.foundation.configuration import configuration
from tradepost.host.marketlink.client import MarketplaceClient
from tradepost.host.sites.models import Site
from tradepost.wire import messages as wire

from .models import KnownVersion


def terms_of(version: KnownVersion) -> Terms:
    """What an administrator agrees to with the version."""
    return Terms(rights=expand(version.scopes), paid=version.paid, api_version=version.api_version)


def for_plan(version: KnownVersion | None) -> plan.KnownVersion | None:
    """The version as the plan looks at it."""
    return None if version is None else plan.KnownVersion(version.number, version.order_key, terms_of(version))


def asked_at_first(version: KnownVersion) -> Ask:
    """What installing the version asks of a site that has nothing of the app: all its rights, and payment."""
    nothing = Terms(rights=frozenset(), paid=False, api_version=version.api_version)
    return what_is_asked(nothing, terms_of(version))


def find_known(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], KnownVersion]:
    """The versions with these app keys and numbers, by them."""
    wanted = set(pairs)
    rows = KnownVersion.objects.filter(
        origin_site=None, app_key__in={app for app, _ in wanted}, number__in={number for _, number in wanted}
    ).defer("descriptor")
    return {(row.app_key, row.number): row for row in rows if (row.app_key, row.number) in wanted}


def learn(offered: wire.OfferedVersion, client: MarketplaceClient, now: datetime) -> KnownVersion:
    """Return the version, fetched and verified unless it is known. Not to be called inside a transaction.

    Raises MarketplaceError when its descriptor cannot be fetched, ProblemsError when it cannot be taken here: it does
    not read, stands on this host's own origin, or contradicts what is known under the same number.
    """
    known = find_known([(offered.app, offered.version)]).get((offered.app, offered.version))
    if known is not None:
        _check_same(known, offered)
        return known
    raw = client.descriptor(offered.descriptor)
    version = _read(raw, offered, now)
    try:
        with transaction.atomic():
            version.save(force_insert=True)
    except IntegrityError:  # another worker learnt it at the same time
        known = KnownVersion.objects.get(origin_site=None, app_key=offered.app, number=offered.version)
        _check_same(known, offered)
        return known
    return version


def _read(raw: bytes, offered: wire.OfferedVersion, now: datetime) -> KnownVersion:
    descriptor = parse_descriptor(raw, policy=listing_policy())
    number = Version.parse(offered.version)
    problems = [*_find_contradictions(descriptor, offered, number), *find_own_origin(descriptor)]
    if problems:
        raise ProblemsError(tuple(problems))
    return describe(
        descriptor,
        raw,
        number,
        sha256=offered.descriptor,
        reasons=msgspec.to_builtins(offered.reasons),
        notes=offered.notes,
        made_at=offered.made_at,
        now=now,
    )


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
    if number.major != descriptor.api_version:
        text = f"Version {number} was offered for a descriptor with apiVersion {descriptor.api_version}."
        yield Problem("/apiVersion", text, "api_version.contradicts")


def find_own_origin(descriptor: Descriptor) -> Iterable[Problem]:
    """An app on a site's own host name could read what the site's pages can."""
    name = (urlsplit(descriptor.base_url).hostname or "").rstrip(".")
    if Site.objects.filter(host_name__iexact=name).exclude(host_name="").exists():
        yield Problem("/baseUrl", "The app stands on the origin of a site of this host service.", "base_url.own_origin")


def _check_same(known: KnownVersion, offered: wire.OfferedVersion) -> None:
    if known.sha256 != offered.descriptor:
        text = f"Version {known.number} is known here with another descriptor; a version never changes."
        raise ProblemsError((Problem("", text, "version.changed"),))
