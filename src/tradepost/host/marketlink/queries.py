"""Questions about the link to the marketplace."""

from datetime import datetime

from django.db.models import Exists, Q, QuerySet

from tradepost.core.errors import ForbiddenError
from tradepost.foundation import due
from tradepost.foundation.callers import Caller
from tradepost.host.sites.models import Site

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


@due.earliest("due_at")
def find_next_report(_machine: datetime) -> QuerySet[PendingReport]:
    """When the next report is to be sent (machine time)."""
    return PendingReport.objects.filter(Exists(MarketplaceLink.objects.all()))


@due.earliest("next_check_at")
def find_next_check(machine: datetime) -> QuerySet[Site]:
    """When the next site asks the marketplace (domain time), apart from those that are asking now."""
    is_free = Q(check_lease_until=None) | Q(check_lease_until__lt=machine)
    return Site.objects.filter(is_free, Exists(MarketplaceLink.objects.all()))
