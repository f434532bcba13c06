"""What watching knows: when a listing is due, what its polls found, and which bytes were kept."""

from datetime import datetime

from django.db.models import Q, QuerySet

from tradepost.foundation.clock import machine_now
from tradepost.marketplace.catalog.models import Listing

from .models import PollEvent


def next_due() -> datetime | None:
    """The earliest due time (domain time) among listings that no worker holds."""
    unleased = Q(poll_lease=None) | Q(poll_lease_until__lte=machine_now())
    free = Listing.objects.filter(unleased, held_at=None, next_poll_at__isnull=False).order_by("next_poll_at")
    return free.values_list("next_poll_at", flat=True).first()


def poll_events(listing: Listing) -> QuerySet[PollEvent]:
    """The polls that found something, the newest first."""
    return PollEvent.objects.filter(listing=listing).order_by("-at", "-id")
