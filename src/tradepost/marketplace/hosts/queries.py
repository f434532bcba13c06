"""Host services and their sites."""

from uuid import UUID

from django.db.models import Count, QuerySet

from tradepost.core.errors import ForbiddenError, NotFoundError
from tradepost.foundation.callers import Caller

from .models import HostService, SiteRecord


def hosts(caller: Caller) -> QuerySet[HostService]:
    """Every host service, with the number of its sites, for an operator; nothing for other people."""
    if not caller.is_operator:
        raise ForbiddenError("Only an operator sees the host services.")
    return HostService.objects.annotate(site_count=Count("sites")).order_by("name")


def get_host(caller: Caller, host_id: UUID) -> HostService:
    """Raises ForbiddenError for people who are no operators, NotFoundError where there is none."""
    host = hosts(caller).filter(pk=host_id).first()
    if host is None:
        raise NotFoundError("host service", host_id)
    return host


def base_urls() -> list[str]:
    """Where host services are: no app may lie on the same origin."""
    return list(HostService.objects.exclude(base_url="").values_list("base_url", flat=True))


def sites_of(host: HostService) -> QuerySet[SiteRecord]:
    """The sites a host service has told of."""
    return host.sites.order_by("name", "id")
