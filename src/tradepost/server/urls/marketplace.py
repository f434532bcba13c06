"""Every address of the marketplace."""

from tradepost.marketplace.builds import api as builds_api
from tradepost.marketplace.builds import pages as builds_pages
from tradepost.marketplace.bulk import api as bulk_api
from tradepost.marketplace.bulk import pages as bulk_pages
from tradepost.marketplace.catalog import api as catalog_api
from tradepost.marketplace.catalog import environment_pages, vendor_pages
from tradepost.marketplace.catalog import pages as catalog_pages
from tradepost.marketplace.catalog import wire as catalog_wire
from tradepost.marketplace.deployments import api as deployments_api
from tradepost.marketplace.deployments import pages as deployments_pages
from tradepost.marketplace.editions import api as editions_api
from tradepost.marketplace.editions import pages as editions_pages
from tradepost.marketplace.editions import wire as editions_wire
from tradepost.marketplace.hosts import api as hosts_api
from tradepost.marketplace.hosts import pages as hosts_pages
from tradepost.marketplace.hosts import wire as hosts_wire
from tradepost.marketplace.licensing import api as licensing_api
from tradepost.marketplace.licensing import customer_pages
from tradepost.marketplace.licensing import pages as licensing_pages
from tradepost.marketplace.licensing import vendor_api as license_report_api
from tradepost.marketplace.licensing import vendor_pages as license_report_pages
from tradepost.marketplace.licensing import wire as licensing_wire
from tradepost.marketplace.notices import api as notices_api
from tradepost.marketplace.notices import pages as notices_pages
from tradepost.marketplace.releases import api as releases_api
from tradepost.marketplace.releases import pages as releases_pages
from tradepost.marketplace.reviews import api as reviews_api
from tradepost.marketplace.reviews import pages as reviews_pages
from tradepost.marketplace.rollout import api as rollout_api
from tradepost.marketplace.rollout import pages as rollout_pages
from tradepost.marketplace.rollout import wire as rollout_wire
from tradepost.marketplace.tokens import api as tokens_api
from tradepost.marketplace.tokens import pages as tokens_pages
from tradepost.marketplace.tokens import wire as tokens_wire
from tradepost.marketplace.watching import pages as watching_pages
from tradepost.server.urls.shared import handler400, handler403, handler404, handler500, urls_of

urlpatterns = urls_of(
    "Tradepost Marketplace",
    url_modules=[
        catalog_wire,
        hosts_wire,
        editions_wire,
        licensing_wire,
        rollout_wire,
        tokens_wire,
        catalog_pages,
        vendor_pages,
        environment_pages,
        deployments_pages,
        tokens_pages,
        watching_pages,
        editions_pages,
        license_report_pages,
        releases_pages,
        reviews_pages,
        rollout_pages,
        hosts_pages,
        builds_pages,
        bulk_pages,
        customer_pages,
        licensing_pages,
        notices_pages,
    ],
    api_modules=[
        builds_api,
        bulk_api,
        catalog_api,
        deployments_api,
        editions_api,
        license_report_api,
        releases_api,
        reviews_api,
        rollout_api,
        hosts_api,
        licensing_api,
        notices_api,
        tokens_api,
    ],
)

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
