"""What every handler of the sample app needs, under the names by which the web framework keeps it."""

import aiohttp
from aiohttp import web

from tradepost.sdk.sample.vendor import Vendor

VENDOR = web.AppKey("vendor", Vendor)
KEYS_URL = web.AppKey("keys_url", str)
HTTP = web.AppKey("http", aiohttp.ClientSession)
