"""Joining a marketplace."""

from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction

from tradepost.core.errors import ForbiddenError, InvalidInputError
from tradepost.foundation.audit import record
from tradepost.foundation.callers import Caller
from tradepost.foundation.configuration import configuration
from tradepost.foundation.secrets import seal
from tradepost.host.licenses.models import CachedLicense
from tradepost.wire.messages import EnrolmentRequest

from .client import MarketplaceClient, MarketplaceError, MarketplaceProblem
from .models import MarketplaceLink

PRODUCT = "jira"
"""What the reference product calls itself to apps; a host product of somebody else's sets its own."""


def enrol(*, code: str, url: str, by: Caller, now: datetime) -> MarketplaceLink:
    """Link this host service to the marketplace at `url` with a one-time code, in place of any earlier link.

    The marketplace is asked outside of a transaction. Raises InvalidInputError for an address that is none or a code
    it refuses, MarketplaceError when it cannot be asked.
    """
    if not by.is_operator:
        raise ForbiddenError("Only an operator may link this host service to a marketplace.")
    url = _read_url(url)
    code = code.strip()
    if not 8 <= len(code) <= 100:
        raise InvalidInputError("A code has 8 to 100 characters.", "/code")
    message = EnrolmentRequest(code=code, base_url=configuration.host_url, product=PRODUCT)
    try:
        answer = MarketplaceClient(url).enrol(message)
    except MarketplaceError as error:
        if error.kind in {MarketplaceProblem.REFUSED, MarketplaceProblem.NOT_THERE}:
            text = "The marketplace does not know this code, or it was used or has expired."
            raise InvalidInputError(text, "/code") from error
        raise
    with transaction.atomic():
        link, _ = MarketplaceLink.objects.update_or_create(
            pk=1,
            defaults={
                "url": url,
                "host_id": answer.host,
                "name": answer.name[:100],
                "sealed_credential": seal(answer.credential),
                "enrolled_at": now,
                "problem": "",
                "license_held_until": None,
            },
        )
        # Another marketplace counts its decisions anew: whatever it says first is news.
        CachedLicense.objects.update(revision=-1, fresh_until=None)
        record("marketplace.enrolled", service="host", actor=by.actor, subject=("marketplace", url), now=now, url=url)
    return link


def note_problem(text: str) -> None:
    """Keep what keeps us from talking to the marketplace, empty when nothing does; for the operator's page."""
    MarketplaceLink.objects.exclude(problem=text).update(problem=text)


def _read_url(url: str) -> str:
    url = url.strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or len(url) > 500:
        raise InvalidInputError("The marketplace's address is an http or https URL.", "/url")
    if parts.scheme == "http" and not configuration.development:
        raise InvalidInputError("Outside development the marketplace is called by https.", "/url")
    return url
