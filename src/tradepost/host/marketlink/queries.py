"""Questions about the link to the marketplace."""

from datetime import datetime

from django.db.models import Min, QuerySet

from tradepost.core.errors import ForbiddenError
from tradepost.foundation.callers import Caller

from .models import MarketplaceLink, PendingReport


def find_link(caller: Caller) -> MarketplaceLink | None:
    """The link as an operator sees it, None before the first enrolment."""
    if not caller.is_operator:
        raise ForbiddenError("Only an operator may see this.")
    return MarketplaceLink.objects.first()


def find_pending_reports(caller: Caller) -> QuerySet[PendingReport]:
    """What the marketplace has not taken yet, for operators; to be listed by when it is sent next."""
    if not caller.is_operator:
        raise ForbiddenError("Only an operator may see this.")
    return PendingReport.objects.select_related("installation__site")


def is_linked() -> bool:
    """Whether there is a marketplace to talk to."""
    return MarketplaceLink.objects.exists()


def find_next_report() -> datetime | None:
    """When the next report is to be sent (machine time)."""
    if not is_linked():
        return None
    earliest: datetime | None = PendingReport.objects.aggregate(at=Min("due_at"))["at"]
    return earliest
