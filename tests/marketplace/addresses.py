"""The marketplace's addresses for these tests: what the domains here offer, and what both services have."""

from tradepost.marketplace.catalog import wire as catalog_wire
from tradepost.marketplace.hosts import wire as hosts_wire
from tradepost.marketplace.rollout import wire as rollout_wire
from tradepost.server.urls.shared import handler400, handler403, handler404, handler500, urls_of

urlpatterns = urls_of("Marketplace tests", page_modules=[hosts_wire, rollout_wire, catalog_wire], api_modules=[])

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
