"""The control side of the sample app: for the person, demo or test that plays the vendor.

Only from this machine, and only when it was called by a loopback address: a tunnel that shows the
app to the world would otherwise show this side too.
"""

import json
from dataclasses import asdict
from importlib.resources import files
from ipaddress import ip_address
from typing import Any

from aiohttp import web

from tradepost.sdk.sample.context import VENDOR
from tradepost.sdk.sample.descriptor import CHANGES, Document, UnknownChangeError
from tradepost.sdk.sample.licensed import ask_all
from tradepost.sdk.sample.vendor import DescriptorMode, InstalledMode
from tradepost.sdk.tenants import Tenant


def add_control_routes(app: web.Application) -> None:
    app.router.add_get("/", page)
    app.router.add_get("/control", everything)
    app.router.add_get("/control/descriptor", read_descriptor)
    app.router.add_put("/control/descriptor", replace_descriptor)
    app.router.add_post("/control/changes", change)
    app.router.add_get("/control/behaviour", read_behaviour)
    app.router.add_put("/control/behaviour", behave)
    app.router.add_get("/control/received", read_received)
    app.router.add_delete("/control/received", forget_received)
    app.router.add_get("/control/versions", read_versions)
    app.router.add_get("/control/told", read_told)


@web.middleware
async def guard_control(request: web.Request, handler: Any) -> web.StreamResponse:
    """Let nobody but this machine to the control side, nor a foreign page in a browser on it."""
    if request.path.startswith("/control"):
        if not _is_loopback(request.remote or "") or not _is_loopback(request.url.host or ""):
            return _problem(403, "The control side answers on loopback addresses only.")
        # A foreign page cannot send this type without asking first, and nobody answers that question.
        if request.method not in {"GET", "HEAD", "DELETE"} and request.content_type != "application/json":
            return _problem(415, "The control side takes application/json.")
    response: web.StreamResponse = await handler(request)
    return response


async def page(_request: web.Request) -> web.Response:
    text = files("tradepost.sdk.sample").joinpath("page.html").read_text("utf-8")
    return web.Response(text=text, content_type="text/html")


async def everything(request: web.Request) -> web.Response:
    """All that the page shows."""
    vendor = request.app[VENDOR]
    return web.json_response(
        {
            "descriptor": vendor.descriptor,
            "descriptor_url": vendor.home_url + "/atlassian-connect.json",
            "behaviour": asdict(vendor.behaviour),
            "changes": list(CHANGES),
            "modes": {"descriptor": list(DescriptorMode), "installed": list(InstalledMode)},
            "tenants": [_without_secret(tenant) for tenant in vendor.tenants.all()],
            "received": vendor.received,
            "told": {tenant.base_url: vendor.told.shown(tenant.client_key) for tenant in vendor.tenants.all()},
        }
    )


async def read_descriptor(request: web.Request) -> web.Response:
    return web.json_response(request.app[VENDOR].descriptor)


async def replace_descriptor(request: web.Request) -> web.Response:
    document = await _read_object(request)
    request.app[VENDOR].replace_descriptor(document)
    return web.json_response(document)


async def change(request: web.Request) -> web.Response:
    wish = await _read_object(request)
    try:
        request.app[VENDOR].change(str(wish.pop("do", "")), wish)
    except UnknownChangeError as problem:
        return _problem(422, str(problem))
    return web.json_response(request.app[VENDOR].descriptor)


async def read_behaviour(request: web.Request) -> web.Response:
    return web.json_response(asdict(request.app[VENDOR].behaviour))


async def behave(request: web.Request) -> web.Response:
    """What is not named stays as it is."""
    wishes = await _read_object(request)
    try:
        request.app[VENDOR].behave(wishes)
    except ValueError as problem:
        return _problem(422, str(problem))
    return await read_behaviour(request)


async def read_received(request: web.Request) -> web.Response:
    return web.json_response(request.app[VENDOR].received)


async def forget_received(request: web.Request) -> web.Response:
    request.app[VENDOR].forget_received()
    return web.Response(status=204)


async def read_versions(request: web.Request) -> web.Response:
    """Ask every site which version of the app it runs, as a real app does by a signed request."""
    return web.json_response(await ask_all(request.app))


async def read_told(request: web.Request) -> web.Response:
    """What each site's host told of its license on every channel, asked anew where the app can ask."""
    await ask_all(request.app)
    vendor = request.app[VENDOR]
    sites = {tenant.base_url: vendor.told.shown(tenant.client_key) for tenant in vendor.tenants.all()}
    return web.json_response(sites)


def _without_secret(tenant: Tenant) -> Document:
    return {name: value for name, value in asdict(tenant).items() if name != "shared_secret"}


async def _read_object(request: web.Request) -> Document:
    try:
        content = json.loads(await request.read())
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise web.HTTPBadRequest(text='{"error": "The body must be a JSON object."}', content_type="application/json")
    return content


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _problem(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
