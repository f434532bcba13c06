"""Versions of apps that one site reads by their address: numbered there, by the rules of the marketplace."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from tradepost.core.document import parse_document
from tradepost.core.errors import ProblemsError
from tradepost.core.release import Refusal, Release, decide_release
from tradepost.core.version import Version
from tradepost.foundation import audit
from tradepost.foundation.fetching import Understood
from tradepost.host.approvals.asking import consent_policy
from tradepost.host.installing.models import KnownVersion
from tradepost.host.installing.versions import describe, find_own_origin
from tradepost.host.sites.models import Site


@dataclass(frozen=True, slots=True)
class Numbered:
    """The version that a descriptor is: a new one, not yet saved, or the newest there was."""

    version: KnownVersion
    is_new: bool


def find_newest(site: Site, app_key: str) -> KnownVersion | None:
    """The newest version ever made of an app on this site by its address."""
    return KnownVersion.objects.filter(origin_site=site, app_key=app_key).order_by("-order_key").first()


def number(site: Site, app_key: str, found: Understood, *, now: datetime) -> Numbered | Refusal:
    """Decide which version of `app_key` a descriptor is. The site's row, or that of its app, is locked.

    Raises ProblemsError for an app that stands on the origin of a site of this host service.
    """
    problems = tuple(find_own_origin(found.descriptor))
    if problems:
        raise ProblemsError(problems)
    newest = find_newest(site, app_key)
    before = (Version.parse(newest.number), parse_document(bytes(newest.descriptor))) if newest else None
    decision = decide_release(before, found.descriptor.document, policy=consent_policy())
    if isinstance(decision, Refusal):
        return decision
    if decision is None:
        assert newest is not None
        return Numbered(newest, is_new=False)
    return Numbered(_describe(site, found, decision, now), is_new=True)


def keep(numbered: Numbered, *, actor: str, now: datetime) -> KnownVersion:
    """Save a version that is new, with its audit row, in the caller's transaction."""
    version = numbered.version
    if numbered.is_new:
        version.save(force_insert=True)
        audit.record(
            "address.version_made", service="host", actor=actor, subject=("version", version.pk), now=now,
            scope_id=version.origin_site_id, app=version.app_key, number=version.number,
        )  # fmt: skip
    return version


def made_since(site: Site, app_key: str, since: datetime) -> int:
    """How many versions of an app were made from its address on a site."""
    return KnownVersion.objects.filter(origin_site=site, app_key=app_key, made_at__gt=since).count()


def _describe(site: Site, found: Understood, release: Release, now: datetime) -> KnownVersion:
    return describe(
        found.descriptor,
        found.fetched.content,
        release.version,
        sha256=found.fetched.sha256,
        reasons=[json.loads(json.dumps(asdict(reason))) for reason in release.reasons],
        made_at=now,
        now=now,
        origin_site=site,
    )
