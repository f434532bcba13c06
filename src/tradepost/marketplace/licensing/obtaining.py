"""The license of a site for an app as a billing system names them, made where there is none."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tradepost.foundation import audit
from tradepost.foundation.callers import Caller

from . import queries
from .commands import obtain
from .models import SiteLicense


@transaction.atomic
def obtain_for(by: Caller, host_id: UUID, site: UUID, app_key: str, *, now: datetime) -> tuple[UUID, bool]:
    """The id of the license, and whether it is new. Raises NotFoundError for a site or app that is not known."""
    queries.require_biller(by)
    record, listing = queries.get_site(host_id, site), queries.get_app(app_key)
    is_new = not SiteLicense.objects.filter(site=record, listing=listing).exists()
    row = obtain(record, listing, now=now)
    if is_new:
        audit.record(
            "license.made",
            service="marketplace",
            actor=by.actor,
            subject=("license", row.pk),
            now=now,
            scope_id=listing.vendor_id,
            app=listing.app_key,
            site=record.name,
        )
    return row.pk, is_new
