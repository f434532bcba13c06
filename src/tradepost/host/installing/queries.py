"""What a site can install, and what it would ask."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from uuid import UUID

from tradepost.core.consent import Ask
from tradepost.core.errors import ForbiddenError, NotFoundError
from tradepost.core.states import InstallationState
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import machine_now
from tradepost.host.marketlink.client import MarketplaceClient, MarketplaceError, MarketplaceProblem, marketplace
from tradepost.host.sites.queries import get_site
from tradepost.wire import messages as wire

from .models import Installation, KnownVersion, SigningKey
from .versions import asked_at_first, learn

KEPT_FOR = timedelta(seconds=30)
MOST_KEPT = 200
MOST_KEYS = 200


@dataclass(frozen=True, slots=True)
class AppDetails:
    """One app of the catalogue as an administrator sees it before installing; `ask` is what installing grants."""

    key: str
    name: str
    vendor: str
    summary: str
    version: KnownVersion
    ask: Ask
    installation: Installation | None


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """A page of what a site can install; `installed` are the keys of what it has."""

    entries: list[wire.CatalogEntry]
    installed: frozenset[str]
    next: str | None


def find_catalogue(caller: Caller, site_id: UUID, *, after: str = "", q: str = "") -> CataloguePage:
    """One page of the marketplace's catalogue for a site, of apps that fit `q`.

    Raises MarketplaceError when it cannot be asked.
    """
    get_site(caller, site_id)
    client = marketplace()
    page: wire.Catalog = _kept(("apps", client.url, after, q), lambda: client.apps(after=after, q=q))
    there = Installation.objects.filter(site_id=site_id).exclude(state=InstallationState.UNINSTALLED)
    return CataloguePage(page.entries, frozenset(there.values_list("app_key", flat=True)), page.next)


def get_app(caller: Caller, site_id: UUID, app_key: str, *, now: datetime) -> AppDetails:
    """One app of the catalogue for a site, with what installing it asks.

    Raises NotFoundError for an app the marketplace does not offer, MarketplaceError when it cannot be asked,
    ProblemsError when the app's newest version cannot be taken here.
    """
    get_site(caller, site_id)
    client = marketplace()
    entry = find_entry(client, app_key, site_id)
    version = learn(entry.version, client, now)
    installation = Installation.objects.filter(site_id=site_id, app_key=app_key)
    return AppDetails(
        key=entry.app,
        name=entry.name,
        vendor=entry.vendor,
        summary=entry.summary,
        version=version,
        ask=asked_at_first(version),
        installation=installation.exclude(state=InstallationState.UNINSTALLED).first(),
    )


def find_signing_keys(caller: Caller) -> list[SigningKey]:
    """The keys that sign calls to apps, newest first, without their private halves. For operators."""
    if not caller.is_operator:
        raise ForbiddenError("Only an operator may see this.")
    return list(SigningKey.objects.defer("sealed_private_pem").order_by("-created_at")[:MOST_KEYS])


def find_entry(client: MarketplaceClient, app_key: str, site_id: UUID) -> wire.CatalogEntry:
    """One entry of the catalogue, asked for anew. Raises NotFoundError where the marketplace does not offer it."""
    try:
        entry = client.app(app_key, site_id)
    except MarketplaceError as error:
        if error.kind is MarketplaceProblem.NOT_THERE:
            raise NotFoundError("app", app_key) from error
        raise
    if entry.app != app_key or entry.version.app != app_key:
        raise MarketplaceError(MarketplaceProblem.NONSENSE, "The marketplace answered about another app.")
    return entry


_cache: dict[tuple[str, ...], tuple[datetime, Any]] = {}
_cache_lock = Lock()


def _kept(key: tuple[str, ...], ask: Callable[[], Any]) -> Any:
    """The answer of a moment ago, else a new one. Machine time: it spares the marketplace, it promises nothing."""
    now = machine_now()
    with _cache_lock:
        kept_at, answer = _cache.get(key, (None, None))
    if kept_at is not None and now - kept_at < KEPT_FOR:
        return answer
    answer = ask()
    with _cache_lock:
        if len(_cache) >= MOST_KEPT:
            _cache.clear()
        _cache[key] = (now, answer)
    return answer
