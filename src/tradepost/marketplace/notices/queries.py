"""What a vendor was told."""

from django.db.models import QuerySet

from tradepost.marketplace.catalog.models import Listing

from .models import Notice


def notices_of(listing: Listing) -> QuerySet[Notice]:
    """The notices of a listing, the newest first."""
    return Notice.objects.filter(listing=listing).order_by("-at", "-id")
