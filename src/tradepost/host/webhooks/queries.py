"""Which deliveries are due, which an app has had, and who wants to hear of an event."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from tradepost.core.errors import NotFoundError
from tradepost.core.module import Module
from tradepost.core.module_kinds import Place
from tradepost.core.states import InstallationState
from tradepost.foundation import due
from tradepost.foundation.callers import Caller
from tradepost.host.embedding.compiled import compiled
from tradepost.host.installing.models import Installation, bytes_of
from tradepost.host.sites.queries import require_keeper
from tradepost.host.upgrading.queries import get_remembered

from .models import Delivery

LOG_ORDER = ("-made_at", "-sequence", "-id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An app that wants to hear of an event, and the module that says so."""

    installation: Installation
    module: Module


def find_wanted(site_id: UUID, event: str, *, app_key: str | None = None) -> Iterator[Wanted]:
    """Yield the enabled apps of a site that declare a webhook for the event and may read what it tells."""
    rows = Installation.objects.filter(site_id=site_id, state=InstallationState.ENABLED, running__isnull=False)
    if app_key is not None:
        rows = rows.filter(app_key=app_key)
    related = rows.select_related("running", "granted", "site").defer(*bytes_of("running", "granted"))
    for installation in related.order_by("app_key"):
        assert installation.running is not None
        if not may_hear(installation):
            continue
        for module in compiled(installation.running_id).modules:
            if module.place is Place.EVENT and module.raw.get("event") == event:
                yield Wanted(installation, module)


def may_hear(installation: Installation) -> bool:
    """A webhook carries content of the site, so the app needs the right to read. Source: protocol.md 4."""
    from tradepost.host.installing.versions import terms_of

    granted = installation.rights_version
    assert granted is not None
    return "READ" in terms_of(granted).rights


@due.earliest("due_at")
def next_due(_machine: datetime) -> QuerySet[Delivery]:
    """When the next delivery is to be tried (domain time)."""
    return Delivery.objects.filter(state="waiting")


def next_sequences(count: int) -> list[int]:
    """Take `count` numbers that rise over all deliveries ever made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('webhooks_delivery_sequence') FROM generate_series(1, %s)", [count])
        return [row[0] for row in cursor.fetchall()]


def find_deliveries(caller: Caller, site_id: UUID, app_key: str) -> QuerySet[Delivery]:
    """Return what an app of a site was told, the newest first: content of the site that not everybody may read.

    For its administrators and operators. Raises NotFoundError, ForbiddenError.
    """
    require_keeper(caller, site_id)
    installation = get_remembered(caller, site_id, app_key)
    return Delivery.objects.filter(installation_id=installation.pk).order_by(*LOG_ORDER)


def get_delivery(caller: Caller, site_id: UUID, app_key: str, delivery_id: UUID) -> Delivery:
    """Raises NotFoundError for a delivery of another app or site."""
    found = find_deliveries(caller, site_id, app_key).filter(id=delivery_id).first()
    if found is None:
        raise NotFoundError("delivery", delivery_id)
    return found
