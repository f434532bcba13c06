"""What operators are told about editions."""

from datetime import datetime

from tradepost.foundation import mail
from tradepost.foundation.configuration import configuration
from tradepost.foundation.models import User
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.reviews.models import Review


def tell_operators(listing: Listing, review: Review, *, now: datetime) -> None:
    """Tell every operator that editions wait for them."""
    text = (
        f"{listing.vendor.name} waits for a review of the editions of {listing.name} ({listing.app_key}).\n\n"
        f"Look at them here:\n{configuration.marketplace_url}/reviews/{review.pk}/\n"
    )
    operators = User.objects.filter(is_operator=True, is_active=True).order_by("email")
    for email in operators.values_list("email", flat=True):
        mail.send_later(
            service="marketplace",
            to=email,
            subject=f"A review waits: editions of {listing.name}",
            text=text,
            dedupe_key=f"review-{review.pk}-{email}",
            now=now,
        )
