"""The addresses of the host service's domains, without its pages."""

from django.urls import path

from tradepost.foundation.rest import make_api
from tradepost.host.appapi import views as appapi_views
from tradepost.host.approvals import api as approvals_api
from tradepost.host.installing import api as installing_api
from tradepost.host.installing import views as installing_views
from tradepost.host.marketlink import api as marketlink_api
from tradepost.host.sites import api as sites_api
from tradepost.host.upgrading import api as upgrading_api

api = make_api("Host domains under test")
for module in (sites_api, installing_api, upgrading_api, approvals_api, marketlink_api):
    api.add_router("", module.router)

urlpatterns = [path("api/1/", api.urls), *installing_views.urls, *appapi_views.urls]
