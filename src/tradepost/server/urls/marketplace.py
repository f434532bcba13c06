"""Every address of the marketplace."""

from tradepost.server.urls.shared import handler400, handler403, handler404, handler500, urls_of

urlpatterns = urls_of("Tradepost Marketplace", page_modules=[], api_modules=[])

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
