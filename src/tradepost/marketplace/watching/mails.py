"""What a vendor is told about polls of their descriptor address."""

import hashlib
from datetime import datetime

from tradepost.foundation.configuration import configuration
from tradepost.foundation.fetching import Trouble
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.notices.commands import NoticeKind, tell_vendor

MOST_SHOWN = 20
STAY = "Sites keep running the version they have."


def tell_of_trouble(listing: Listing, trouble: Trouble, *, now: datetime) -> None:
    """Tell of a problem that is new. The same one is told at most once a day, however often it comes and goes."""
    refused = trouble.kind == "refused"
    what = "was refused" if refused else "could not be read"
    details = [f"- {p.pointer or 'the whole document'}: {p.text}" for p in trouble.problems[:MOST_SHOWN]]
    more = len(trouble.problems) - MOST_SHOWN
    if more > 0:
        details.append(f"- and {more} more")
    retry = f"We look again from time to time, at least every {longest_pause()}; you can also ask for a poll now."
    parts = [
        f"The descriptor of {listing.name} at {listing.descriptor_url} {what}.",
        trouble.text,
        "\n".join(details),
        f"No version was made. {STAY} {retry}",
    ]
    tell_vendor(
        listing,
        kind=NoticeKind.REFUSED if refused else NoticeKind.PROBLEM,
        subject=f"{listing.name}: the descriptor {what}",
        text="\n\n".join(part for part in parts if part),
        dedupe_key=f"problem-{listing.pk}-{_fingerprint(trouble)}-{now:%Y-%m-%d}",
        now=now,
    )


def tell_of_degradation(listing: Listing, trouble: Trouble, *, now: datetime) -> None:
    """Tell that polling has failed several times in a row."""
    text = (
        f"We asked for the descriptor of {listing.name} {listing.poll_failures} times in a row without success. "
        f"The last answer: {trouble.text}\n\nThe listing is marked as degraded. {STAY} Changes of the descriptor "
        f"reach nobody until it can be read again; we keep trying, at least every {longest_pause()}."
    )
    tell_vendor(
        listing,
        kind=NoticeKind.DEGRADED,
        subject=f"{listing.name}: the descriptor has been unreadable for a while",
        text=text,
        dedupe_key=f"degraded-{listing.pk}-{listing.problem_since:%Y-%m-%dT%H:%M:%S}",
        now=now,
    )


def tell_of_recovery(listing: Listing, *, since: datetime, degraded: bool, now: datetime) -> None:
    """Tell that the descriptor can be read again: after every degradation, else once a day."""
    key = f"{since:%Y-%m-%dT%H:%M:%S}" if degraded else f"{now:%Y-%m-%d}"
    tell_vendor(
        listing,
        kind=NoticeKind.RECOVERED,
        subject=f"{listing.name}: the descriptor can be read again",
        text=f"The descriptor of {listing.name} can be read again. There is nothing for you to do.",
        dedupe_key=f"recovered-{listing.pk}-{key}",
        now=now,
    )


def tell_of_hold(listing: Listing, *, now: datetime) -> None:
    """Tell that no version is made until somebody resumes."""
    tell_vendor(
        listing,
        kind=NoticeKind.HELD,
        subject=f"{listing.name}: held, because it changes too often",
        text=f"{listing.held_reason}\n\n{STAY} When the descriptor is as it should be, resume on the app's page: "
        "it is then polled at once.",
        dedupe_key=f"held-{listing.pk}-{now:%Y-%m-%dT%H:%M:%S}",
        now=now,
    )


def longest_pause() -> str:
    """The longest time between two polls, in words."""
    return f"{configuration.policy.poll_interval.total_seconds() / 3600:g} hours"


def _fingerprint(trouble: Trouble) -> str:
    return hashlib.sha256(repr((trouble.kind, trouble.text, trouble.problems)).encode()).hexdigest()[:16]
