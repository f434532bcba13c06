"""Every address of the host service."""

from tradepost.host.appapi import schema_views
from tradepost.host.appapi import views as app_views
from tradepost.host.approvals import api as approvals_api
from tradepost.host.approvals import pages as approvals_pages
from tradepost.host.embedding import api as embedding_api
from tradepost.host.embedding import pages as embedding_pages
from tradepost.host.embedding import views as embedding_views
from tradepost.host.installing import api as installing_api
from tradepost.host.installing import pages as installing_pages
from tradepost.host.installing import views as key_views
from tradepost.host.licenses import api as licenses_api
from tradepost.host.licenses import pages as licenses_pages
from tradepost.host.licenses import pushes as license_pushes
from tradepost.host.marketlink import api as marketlink_api
from tradepost.host.marketlink import news as news_pushes
from tradepost.host.marketlink import pages as marketlink_pages
from tradepost.host.product import pages as product_pages
from tradepost.host.product import rest as product_rest
from tradepost.host.sites import api as sites_api
from tradepost.host.sites import pages as sites_pages
from tradepost.host.sites.frame import at_sites
from tradepost.host.upgrading import api as upgrading_api
from tradepost.host.upgrading import pages as upgrading_pages
from tradepost.host.upm import api as upm_api
from tradepost.host.upm import pages as upm_pages
from tradepost.host.upm import views as upm_views
from tradepost.host.webhooks import api as webhooks_api
from tradepost.host.webhooks import pages as webhooks_pages
from tradepost.server.urls.shared import handler400, handler403, handler404, handler500, urls_of

urlpatterns = [
    *urls_of(
        "Tradepost Host",
        url_modules=[
            key_views,
            schema_views,
            sites_pages,
            installing_pages,
            approvals_pages,
            marketlink_pages,
            license_pushes,
            news_pushes,
        ],
        api_modules=[
            sites_api,
            installing_api,
            upgrading_api,
            approvals_api,
            marketlink_api,
            upm_api,
            licenses_api,
            webhooks_api,
            embedding_api,
        ],
        # Below the context path of any site, so behind everything that stands at one address.
        last_url_modules=[app_views, product_rest, upm_views],
    ),
    *at_sites(
        [
            *sites_pages.site_urls,
            *upgrading_pages.site_urls,
            *upm_pages.site_urls,
            *licenses_pages.site_urls,
            *installing_pages.site_urls,
            *webhooks_pages.site_urls,
            *product_pages.site_urls,
            *embedding_pages.site_urls,
            *embedding_views.site_urls,
        ]
    ),
]

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
