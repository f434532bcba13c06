"""Questions about the link to the marketplace."""

from datetime import datetime

from django.db.models import Min

from tradepost.core.errors import ForbiddenError
from tradepost.foundation.callers import Caller

from .models import MarketplaceLink, PendingReport


def find_link(caller: Caller) -> MarketplaceLink | None:
    """The link as an operator sees it, None before the first enrolment."""
    if not caller.is_operator:
        raise ForbiddenError("Only an operator may see this.")
    return MarketplaceLink.objects.first()


def is_linked() -> bool:
    """Whether there is a marketplace to talk to."""
    return MarketplaceLink.objects.exists()


def find_next_report() -> datetime | None:
    """When the next report is to be sent (machine time)."""
    if not is_linked():
        return None
    earliest: datetime | None = PendingReport.objects.aggregate(at=Min("due_at"))["at"]
    return earliest
