"""What watching knows: when a listing is due, what its polls found, and which bytes were kept."""

from datetime import datetime

from django.db.models import Q, QuerySet

from tradepost.foundation import due
from tradepost.marketplace.catalog.models import Listing

from .models import PollEvent


@due.earliest("next_poll_at")
def next_due(machine: datetime) -> QuerySet[Listing]:
    """The earliest due time (domain time) among listings that no worker holds."""
    return Listing.objects.filter(Q(poll_lease=None) | Q(poll_lease_until__lte=machine), held_at=None)


def poll_events(listing: Listing) -> QuerySet[PollEvent]:
    """The polls that found something, the newest first."""
    return PollEvent.objects.filter(listing=listing).order_by("-at", "-id")
