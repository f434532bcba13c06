"""The pages of the sample app that know of licenses: what was told, and one panel for each of two editions."""

import asyncio
import html
import json
from importlib.resources import files
from typing import Any

import aiohttp
from aiohttp import web

from tradepost.core.document import DocumentLimits, parse_document
from tradepost.core.errors import ProblemsError
from tradepost.sdk.requests import sign_request
from tradepost.sdk.sample.context import HTTP, VENDOR, tenant_of
from tradepost.sdk.sample.told import ADVANCED, Channel, by_address, by_condition, by_object
from tradepost.sdk.tenants import Tenant
from tradepost.sdk.tokens import RefusedCallError, base_path_of

REST_SECONDS = 5
TOLD = DocumentLimits(max_bytes=20_000, max_depth=16, max_items=1_000)
"""What is told is kept, in a file, too: what cannot be written again must not come in."""


def add_license_routes(app: web.Application, prefix: str) -> None:
    """Below `prefix`: the pages in frames, what their script reports, and the event `license.changed`."""
    app.router.add_get(prefix + "/told", show_told)
    app.router.add_post(prefix + "/told", take_context)
    app.router.add_get(prefix + "/told/script.js", script)
    app.router.add_get(prefix + "/advanced", advanced_panel)
    app.router.add_get(prefix + "/standard", standard_panel)
    app.router.add_post(prefix + "/license-changed", license_changed)


async def show_told(request: web.Request) -> web.Response:
    """A page in a frame: every channel and what it said. Its script adds what the page context says."""
    tenant = _tenant(request)
    note_address(request, tenant)
    await ask_rest(request.app, tenant)
    memory = request.app[VENDOR].told
    rows = "".join(
        f'<tr data-channel="{channel}"><td>{channel}</td><td class="active">{_word(said.get("active"))}</td>'
        f'<td class="edition">{_shown(said.get("edition"))}</td><td class="branch">{said["branch"]}</td>'
        f"<td><code>{html.escape(json.dumps(said['also'], ensure_ascii=False))}</code></td></tr>"
        for channel, said in memory.shown(tenant.client_key).items()
    )
    page = PAGE.format(
        name=html.escape(str(request.app[VENDOR].descriptor.get("name", ""))),
        site=html.escape(tenant.base_url),
        rows=rows,
        all_js=html.escape(f"{tenant.base_url}/atlassian-connect/all.js"),
    )
    return web.Response(text=page, content_type="text/html")


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}: what it was told</title>
<body class="ac-content" style="font: 15px/1.5 system-ui, sans-serif; margin: 1rem">
<h1 style="font-size: 1.1rem; margin: 0">What {name} was told</h1>
<p>About the license of <strong>{site}</strong>, by each channel. Standard and no edition are one branch here.</p>
<table id="told" style="border-spacing: 1rem .2rem; text-align: left">
<thead><tr><th>Channel</th><th>License</th><th>Edition</th><th>So the app is</th><th>Also</th></tr></thead>
<tbody>{rows}</tbody></table>
<p id="context" role="status">Asking the page for its context …</p>
<script src="{all_js}" data-options="resize:true"></script><script src="told/script.js"></script></body></html>
"""


async def script(_request: web.Request) -> web.Response:
    text = files("tradepost.sdk.sample").joinpath("told.js").read_text("utf-8")
    return web.Response(text=text, content_type="text/javascript")


async def take_context(request: web.Request) -> web.Response:
    """What the script of a page read from the page context, with a token that says whose page it is."""
    tenant = _tenant(request, context_tokens=True)
    said = await _object(request)
    vendor = request.app[VENDOR]
    vendor.note(tenant.client_key, Channel.CONTEXT, by_object(said.get("license"), vendor.now()))
    return web.json_response(vendor.told.shown(tenant.client_key)[Channel.CONTEXT])


async def advanced_panel(request: web.Request) -> web.Response:
    """Opened only where the host finds the site licensed and on Advanced; the app does not take it on trust."""
    return _panel(request, "advanced", ADVANCED, "Notes with colours, templates and history.")


async def standard_panel(request: web.Request) -> web.Response:
    """Opened where the site is licensed and not on Advanced, be it on Standard or without an edition."""
    return _panel(request, "standard", None, "Notes.")


def _panel(request: web.Request, name: str, edition: str | None, text: str) -> web.Response:
    tenant = _tenant(request)
    vendor = request.app[VENDOR]
    vendor.note(tenant.client_key, Channel.CONDITION, by_condition(f"{name}-panel", edition, vendor.now()))
    note_address(request, tenant)
    page = PANEL.format(name=name, text=html.escape(text))
    return web.Response(text=page, content_type="text/html")


PANEL = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>
<body class="ac-content" style="font: 15px/1.5 system-ui, sans-serif; margin: 1rem">
<p id="edition"><strong>{name}</strong>: {text}</p></body></html>
"""


async def license_changed(request: web.Request) -> web.Response:
    """The event that a site's license changed: what it says is remembered like every other channel."""
    tenant = _tenant(request)
    vendor = request.app[VENDOR]
    said = await _object(request)
    vendor.note(tenant.client_key, Channel.WEBHOOK, by_object(said.get("license"), vendor.now()))
    return web.Response(status=204)


def note_address(request: web.Request, tenant: Tenant) -> None:
    """Remember what the address of a page in a frame said."""
    vendor = request.app[VENDOR]
    module = request.path.rpartition("/")[2]
    vendor.note(tenant.client_key, Channel.ADDRESS, by_address(request.query, vendor.now(), module=module))


async def ask_rest(app: web.Application, tenant: Tenant) -> dict[str, Any]:
    """Ask the site about this app by a signed request, and remember what it says of the license. Never raises."""
    vendor = app[VENDOR]
    url = f"{tenant.base_url}/rest/atlassian-connect/1/addons/{vendor.app_key}"
    signature = sign_request(
        "GET",
        url,
        app_key=vendor.app_key,
        shared_secret=tenant.shared_secret,
        now=vendor.now(),
        context_path=base_path_of(tenant.base_url),
    )
    answer: dict[str, Any] = {"clientKey": tenant.client_key, "baseUrl": tenant.base_url, "status": None}
    try:
        async with app[HTTP].get(
            url,
            headers={"Authorization": signature, "Accept": "application/json"},
            timeout=aiohttp.ClientTimeout(total=REST_SECONDS),
            allow_redirects=False,
        ) as response:
            answer["status"] = response.status
            if response.status == 200:
                answer |= parse_document(await _read_bounded(response.content), limits=TOLD)
                vendor.note(tenant.client_key, Channel.REST, by_object(answer.get("license"), vendor.now()))
    except (aiohttp.ClientError, TimeoutError, ValueError, ProblemsError) as problem:
        answer["problem"] = type(problem).__name__
    return answer


async def ask_all(app: web.Application) -> list[dict[str, Any]]:
    """The same of every site, a few at a time."""
    turn = asyncio.Semaphore(4)

    async def one(tenant: Tenant) -> dict[str, Any]:
        async with turn:
            return await ask_rest(app, tenant)

    return await asyncio.gather(*(one(tenant) for tenant in app[VENDOR].tenants.all()))


def _tenant(request: web.Request, *, context_tokens: bool = False) -> Tenant:
    """Whose page or call this is. Raises a 401 that says what is wrong."""
    try:
        return tenant_of(request, context_tokens=context_tokens)
    except RefusedCallError as problem:
        raise web.HTTPUnauthorized(text=problem.text) from problem


async def _read_bounded(stream: aiohttp.StreamReader) -> bytes:
    """Everything there is, or a little more than may be told."""
    content = b""
    while len(content) <= TOLD.max_bytes and (part := await stream.read(TOLD.max_bytes)):
        content += part
    return content


async def _object(request: web.Request) -> dict[str, Any]:
    """The JSON object that was sent. Raises a 400 for anything else, and a 413 for too much of it."""
    if (request.content_length or 0) > TOLD.max_bytes:
        raise web.HTTPRequestEntityTooLarge(max_size=TOLD.max_bytes, actual_size=request.content_length or 0)
    try:
        return parse_document(await request.read(), limits=TOLD)
    except ProblemsError as problem:
        raise web.HTTPBadRequest(text="The body must be a plain JSON object.") from problem


def _word(active: object) -> str:
    return {True: "active", False: "none"}.get(bool(active), "none") if active is not None else "not said"


def _shown(edition: object) -> str:
    return "absent" if edition is None else html.escape(str(edition))
