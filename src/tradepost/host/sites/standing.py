"""How sites stand at a glance: what they have and what waits for somebody."""

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from tradepost.core.states import ApprovalState, InstallationState
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.host.approvals.models import Approval
from tradepost.host.installing.models import Installation
from tradepost.host.marketlink.queries import is_linked

from .models import Site
from .queries import find_visible

ORDER = ("name", "id")


def find_standing(caller: Caller) -> QuerySet[Site]:
    """The sites a caller may see, to be sorted by ORDER, each with its `apps` and how many updates are `waiting`."""
    installed = Installation.objects.exclude(state=InstallationState.UNINSTALLED)
    waiting = Approval.objects.filter(state=ApprovalState.WAITING)
    return find_visible(caller).annotate(apps=_count(installed), waiting=_count(waiting))


def is_checking(site: Site) -> bool:
    """Whether the site asks the marketplace at this moment, or is about to."""
    has_lease = site.check_lease_until is not None and site.check_lease_until > machine_now()
    return is_linked() and (has_lease or site.next_check_at <= domain_now())


def _count(rows: QuerySet[Installation] | QuerySet[Approval]) -> Coalesce:
    of_site = rows.filter(site=OuterRef("pk")).order_by().values("site").annotate(many=Count("pk")).values("many")
    return Coalesce(Subquery(of_site, output_field=IntegerField()), 0)
