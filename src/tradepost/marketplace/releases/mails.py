"""What a vendor is told about a new version, in plain words."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tradepost.core.release import Reason, separable
from tradepost.core.window import MAX_WINDOW_WAIT
from tradepost.foundation import mail
from tradepost.foundation.configuration import configuration
from tradepost.foundation.models import User
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.notices.commands import NoticeKind, tell_vendor

from .models import AppVersion

MOST_SHOWN = 20


def tell_of_version(
    listing: Listing,
    version: AppVersion,
    reasons: Sequence[Reason],
    *,
    review: Sequence[Reason],
    now: datetime,
) -> None:
    """Tell the vendor of a version that their descriptor made, and what it does to sites."""
    parts = [
        f"The descriptor of {listing.name} changed, and version {version.number} was made of it.",
        "What changed:\n" + list_of([reason.text for reason in reasons]),
        _what_sites_do(reasons),
        _what_goes_alone(reasons),
        what_review(review),
        _warnings(version),
    ]
    tell_vendor(
        listing,
        kind=NoticeKind.VERSION,
        subject=f"{listing.name}: version {version.number} was made",
        text="\n\n".join(part for part in parts if part),
        dedupe_key=f"version-{version.pk}",
        now=now,
    )


def tell_operators(listing: Listing, version: AppVersion, review_id: UUID, *, why: str, now: datetime) -> None:
    """Tell every operator that something waits for them: a vendor waits for each day nobody looks."""
    text = (
        f"{listing.vendor.name} waits for a review of {listing.name} {version.number} ({listing.app_key}).\n\n"
        f"{why}\n\nLook at it here:\n{configuration.marketplace_url}/reviews/{review_id}/\n"
    )
    for email in (
        User.objects.filter(is_operator=True, is_active=True).values_list("email", flat=True).order_by("email")
    ):
        mail.send_later(
            service="marketplace",
            to=email,
            subject=f"A review waits: {listing.name} {version.number}",
            text=text,
            dedupe_key=f"review-{review_id}-{email}",
            now=now,
        )


def _what_sites_do(reasons: Sequence[Reason]) -> str:
    if any(reason.consent for reason in reasons):
        return (
            "Administrators of sites that run the version before have to agree first. Until they do, their sites "
            "stay on what they run, so please keep serving it."
        )
    return (
        f"Sites that run the version before need no consent and move to it by themselves, within {_longest_way()} "
        "hours of this version being offered. "
        "Please keep serving the version before until we tell you that the last site has left it."
    )


def _longest_way() -> int:
    """Hours from the offer of a version to the last healthy site: its next check, and a maintenance window."""
    return round((configuration.policy.check_interval + MAX_WINDOW_WAIT).total_seconds() / 3600)


def _what_goes_alone(reasons: Sequence[Reason]) -> str:
    alone = separable(reasons)
    if not alone:
        return ""
    return (
        "These changes need no consent. Published alone, before the ones that do, they would have reached every "
        "site by themselves:\n" + list_of([pointer or "the whole document" for pointer in alone])
    )


def what_review(review: Sequence[Reason]) -> str:
    """Why a review comes first; empty where none does."""
    if not review:
        return ""
    why = list_of([reason.text for reason in review])
    return f"No site is told of it before an operator of the marketplace has reviewed it, because:\n{why}"


def _warnings(version: AppVersion) -> str:
    if not version.warnings:
        return ""
    return "Worth a look:\n" + list_of([f"{each['pointer']}: {each['text']}" for each in version.warnings])


def list_of(lines: Sequence[str]) -> str:
    """Lines of a mail with a dash each, not endlessly many."""
    more = len(lines) - MOST_SHOWN
    shown = [f"- {line}" for line in lines[:MOST_SHOWN]]
    return "\n".join([*shown, f"- and {more} more"] if more > 0 else shown)
