"""Telling a vendor: one row on their page and one mail to each of their people, once per dedupe key."""

import hashlib
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from tradepost.foundation import mail
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog.models import Listing

from .models import Notice


class NoticeKind(StrEnum):
    """What a notice is about."""

    LISTED = "listed"
    VERSION = "version"
    PROBLEM = "problem"
    DEGRADED = "degraded"
    RECOVERED = "recovered"
    REFUSED = "refused"
    HELD = "held"
    REVIEW_APPROVED = "review_approved"
    REVIEW_REJECTED = "review_rejected"
    VERSION_LEFT = "version_left"
    ROLLOUT_ENDED = "rollout_ended"


@transaction.atomic
def tell_vendor(listing: Listing, *, kind: NoticeKind, subject: str, text: str, dedupe_key: str, now: datetime) -> bool:
    """Tell the people of a listing's vendor. False when they were told under this key before."""
    subject = " ".join(subject.split())[:200]
    notice, created = Notice.objects.get_or_create(
        dedupe_key=dedupe_key,
        defaults={"listing": listing, "at": now, "kind": kind, "subject": subject, "text": text},
    )
    if not created:
        return False
    for address in addresses_of(listing):
        mail.send_later(
            service="marketplace",
            to=address,
            subject=subject,
            text=f"{text}\n\n{page_of(listing)}\n",
            dedupe_key=f"notice-{notice.pk}-{hashlib.sha256(address.encode()).hexdigest()[:16]}",
            now=now,
        )
    return True


def addresses_of(listing: Listing) -> list[str]:
    """The vendor's people; the contact address of a vendor that has none yet."""
    members = listing.vendor.memberships.filter(user__is_active=True).order_by("user__email")
    return list(members.values_list("user__email", flat=True)) or [listing.vendor.contact_email]


def page_of(listing: Listing) -> str:
    """The address of the listing's page at the marketplace."""
    return f"{configuration.marketplace_url}/listings/{listing.app_key}/"
