"""What a vendor is told about a deployment, in plain words. Who deploys to development or staging sees it happen."""

from datetime import datetime, timedelta

from tradepost.core.window import MAX_WINDOW_WAIT
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog.models import Environment, Listing
from tradepost.marketplace.notices.commands import NoticeKind, tell_vendor
from tradepost.marketplace.releases.mails import list_of, what_review
from tradepost.marketplace.releases.models import AppVersion

from .deciding import Decision
from .models import Deployment


def tell_of_deployment(
    listing: Listing, version: AppVersion, decision: Decision, deployment: Deployment, *, now: datetime
) -> None:
    """Tell of a listing that is new, and of every version in production: what made it, and what it does to sites."""
    if decision.place.listing is None:
        _tell_of_listing(listing, deployment, now=now)
    elif listing.environment == Environment.PRODUCTION:
        _tell_of_version(listing, version, decision, deployment, now=now)


def _tell_of_listing(listing: Listing, deployment: Deployment, *, now: datetime) -> None:
    more = " Submit it for review when every site shall be able to install it."
    text = (
        f"{listing.name} ({listing.app_key}) is listed privately for {listing.environment}, with version "
        f"{listing.offered}, deployed by {deployment.by}. Each deployment makes a version from now on."
    )
    tell_vendor(
        listing,
        kind=NoticeKind.LISTED,
        subject=f"{listing.name} is listed",
        text=text + (more if listing.environment == Environment.PRODUCTION else ""),
        dedupe_key=f"listed-{listing.pk}",
        now=now,
    )


def _tell_of_version(
    listing: Listing, version: AppVersion, decision: Decision, deployment: Deployment, *, now: datetime
) -> None:
    said = f"\n\n{deployment.message}" if deployment.message else ""
    parts = [
        f"{deployment.by} deployed {listing.name} to {listing.environment}, and version {version.number} was made."
        + said,
        "Why it has this number:\n" + list_of([reason.text for reason in decision.reasons]),
        _what_sites_do(decision),
        what_review(decision.review),
    ]
    tell_vendor(
        listing,
        kind=NoticeKind.VERSION,
        subject=f"{listing.name}: version {version.number} was deployed",
        text="\n\n".join(part for part in parts if part),
        dedupe_key=f"version-{version.pk}",
        now=now,
    )


def _what_sites_do(decision: Decision) -> str:
    policy = configuration.policy
    if decision.equivalence is not None:
        why = list_of([reason.text for reason in decision.equivalence.reasons if reason.consent])
        asked = f"Administrators are asked first, because:\n{why}" if why else "No administrator is asked."
        return (
            f"The app was watched and is deployed from now on; its address is polled no more. Sites come to it one "
            f"after another within {_hours(policy.longest_crossing)} hours of its offer. {asked}"
        )
    if decision.consent:
        return (
            f"Sites of older majors see it at their next check, within {_hours(policy.check_interval)} hours, and wait "
            "for an administrator. Until then they stay on what they run, so please keep serving it."
        )
    return (
        f"Sites that run the major {decision.version.major} move to it within minutes, or at the end of their "
        f"maintenance window, up to {_hours(MAX_WINDOW_WAIT)} hours later. Nobody is asked."
    )


def _hours(time: timedelta) -> str:
    return f"{time.total_seconds() / 3600:g}"
