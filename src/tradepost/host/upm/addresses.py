"""Where a site reads an app that the marketplace does not know."""

from tradepost.core.errors import NotFoundError
from tradepost.host.installing.models import ADDRESS, Installation

from .models import AddressListing


def find_address(installation: Installation) -> AddressListing | None:
    """Where the site reads this app, None for one from the marketplace."""
    if installation.source != ADDRESS:
        return None
    return AddressListing.objects.filter(pk=installation.pk).first()


def get_address(installation: Installation) -> AddressListing:
    """Raises NotFoundError for an app from the marketplace."""
    address = find_address(installation)
    if address is None:
        raise NotFoundError("address of", installation.app_key)
    return address
