"""The public side of the sample app: descriptor, lifecycle calls, pages in frames."""

import asyncio
import html
import json
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from aiohttp import web

from tradepost.core.signing import split_target
from tradepost.sdk.lifecycle import key_id_of, verify_installation, verify_uninstallation
from tradepost.sdk.sample.context import HTTP, KEYS_URL, VENDOR, tenant_of
from tradepost.sdk.sample.descriptor import MOVED_PATH, Document
from tradepost.sdk.sample.licensed import add_license_routes, note_address
from tradepost.sdk.sample.told import Channel, by_lifecycle
from tradepost.sdk.sample.vendor import DescriptorMode, InstalledMode, Served
from tradepost.sdk.tokens import Refusal, RefusedCallError, base_path_of, read_token

SLOW_SECONDS = 120
HUGE_BYTES = 8 * 1024 * 1024
MAX_KEY_BYTES = 16_384
KEY_SECONDS = 5

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_public_routes(app: web.Application) -> None:
    """Everything hosts and viewers call, below the base path and below the path the app can move to."""
    home = base_path_of(app[VENDOR].home_url)
    app.router.add_get("/healthz", healthz)
    for prefix in (home, home + MOVED_PATH):
        app.router.add_get(prefix + "/atlassian-connect.json", descriptor)
        app.router.add_post(prefix + "/installed", installed)
        app.router.add_post(prefix + "/uninstalled", uninstalled)
        app.router.add_post(prefix + "/enabled", enabled)
        app.router.add_post(prefix + "/disabled", disabled)
        app.router.add_get(prefix + "/panel", panel)
        app.router.add_get(prefix + "/page", panel)
        add_license_routes(app, prefix)


async def healthz(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def descriptor(request: web.Request) -> web.StreamResponse:
    vendor = request.app[VENDOR]
    match vendor.behaviour.descriptor:
        case DescriptorMode.DOWN:
            return _hang_up(request)
        case DescriptorMode.HUGE:
            return await _endless(request)
        case DescriptorMode.BROKEN:
            return _json(b'{"key": "' + vendor.app_key.encode() + b'", ')
        case DescriptorMode.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        case DescriptorMode.OK:
            pass
    served = vendor.served()
    validators = {"ETag": served.etag, "Last-Modified": served.last_modified, "Cache-Control": "no-cache"}
    if _is_known(request, served):
        return web.Response(status=304, headers=validators)
    return _json(served.body, validators)


async def installed(request: web.Request) -> web.StreamResponse:
    return await _receive(request, "installed", _install)


async def uninstalled(request: web.Request) -> web.StreamResponse:
    return await _receive(request, "uninstalled", _uninstall)


async def enabled(request: web.Request) -> web.StreamResponse:
    return await _receive(request, "enabled", _enable)


async def disabled(request: web.Request) -> web.StreamResponse:
    return await _receive(request, "disabled", _disable)


async def panel(request: web.Request) -> web.Response:
    """What is shown in a frame on a site: who is looking at which code."""
    vendor = request.app[VENDOR]
    path, _ = split_target(request.raw_path)
    site = "nobody in particular: the address is not signed"
    if "jwt" in request.query:
        try:
            tenant = tenant_of(request, context_tokens=True)
        except RefusedCallError as problem:
            return web.Response(status=401, text=problem.text)
        site = tenant.base_url
        note_address(request, tenant)
    name = html.escape(str(vendor.descriptor.get("name", vendor.app_key)))
    shown = PANEL.format(
        name=name,
        site=html.escape(site),
        code=html.escape(vendor.behaviour.code),
        revision=html.escape(request.query.get("revision", "-")),
        path=html.escape(path),
    )
    return web.Response(text=shown, content_type="text/html")


PANEL = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>
<body class="ac-content" style="font: 15px/1.5 system-ui, sans-serif; margin: 1rem">
<h1 style="font-size: 1.1rem; margin: 0">{name}</h1>
<p>Shown to <strong>{site}</strong>.</p>
<p>Service code <strong id="code">{code}</strong>, panel revision <strong id="revision">{revision}</strong>,
at <code>{path}</code>.</p></body></html>
"""

# What is done with a verified call; the answer's status, or how it is failed.
Act = Callable[[web.Request, bytes], Awaitable[str]]


async def _receive(request: web.Request, event: str, act: Act) -> web.StreamResponse:
    """Verify, act, remember, answer: whatever comes in is kept for whoever plays the vendor."""
    body = await request.read()
    problem: RefusedCallError | None = None
    try:
        answered = await act(request, body)
    except RefusedCallError as refused:
        problem, answered = refused, "401"
    request.app[VENDOR].remember(_record(request, event, body, problem, answered))
    if answered == InstalledMode.HANG:
        await asyncio.sleep(SLOW_SECONDS)
    if answered in {InstalledMode.HANG, InstalledMode.DIE}:
        return _hang_up(request)
    if answered == "204":
        return web.Response(status=204)
    text = problem.text if problem else "The vendor told this app to fail."
    return web.json_response({"error": text}, status=int(answered))


async def _install(request: web.Request, body: bytes) -> str:
    vendor = request.app[VENDOR]
    key = await _fetch_key(request)
    path, query = split_target(request.raw_path)
    call = verify_installation(
        request.headers,
        request.method,
        path,
        query,
        body,
        app_base_url=vendor.base_url_at(path),
        app_key=vendor.app_key,
        fetch_key=lambda _key_id: key,
        now=vendor.now(),
    )
    mode = vendor.behaviour.installed
    if mode is InstalledMode.ERROR:
        return mode
    known = vendor.tenants.find(call.tenant.client_key)
    vendor.tenants.put(call.tenant)
    vendor.set_enabled(call.tenant.client_key, enabled=known is not None and known.enabled)
    vendor.note(call.tenant.client_key, Channel.LIFECYCLE, by_lifecycle(json.loads(body), vendor.now()))
    return "204" if mode is InstalledMode.OK else mode


async def _uninstall(request: web.Request, body: bytes) -> str:
    vendor = request.app[VENDOR]
    key = await _fetch_key(request)
    path, query = split_target(request.raw_path)
    call = verify_uninstallation(
        request.headers,
        request.method,
        path,
        query,
        body,
        app_base_url=vendor.base_url_at(path),
        app_key=vendor.app_key,
        fetch_key=lambda _key_id: key,
        now=vendor.now(),
    )
    vendor.tenants.remove(call.client_key)
    vendor.told.forget(call.client_key)
    return "204"


async def _enable(request: web.Request, _body: bytes) -> str:
    request.app[VENDOR].set_enabled(tenant_of(request).client_key, enabled=True)
    return "204"


async def _disable(request: web.Request, _body: bytes) -> str:
    request.app[VENDOR].set_enabled(tenant_of(request).client_key, enabled=False)
    return "204"


async def _fetch_key(request: web.Request) -> bytes:
    """The host's public key; kept nowhere, so that a new key needs nothing but a new id."""
    url = f"{request.app[KEYS_URL].rstrip('/')}/{key_id_of(request.headers)}"
    limit = aiohttp.ClientTimeout(total=KEY_SECONDS)
    try:
        async with request.app[HTTP].get(url, timeout=limit, allow_redirects=False) as response:
            key = await _read_at_most(response, MAX_KEY_BYTES) if response.status == 200 else b""
    except (aiohttp.ClientError, TimeoutError):
        key = b""
    if not key:
        raise RefusedCallError(Refusal.KEY_UNAVAILABLE, "The host's public key is not to be had.")
    return key


async def _read_at_most(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The whole body, or nothing when it is longer."""
    try:
        await response.content.readexactly(limit + 1)
    except asyncio.IncompleteReadError as whole:
        return whole.partial
    return b""


def _record(request: web.Request, event: str, body: bytes, problem: RefusedCallError | None, answered: str) -> Document:
    return {
        "at": request.app[VENDOR].now().isoformat(),
        "event": event,
        "path": request.raw_path,
        "headers": {k: v for k, v in request.headers.items() if k.lower() not in {"authorization", "cookie"}},
        "token": _claims(request),
        "body": _without_secret(body),
        "verified": problem is None,
        "problem": None if problem is None else {"refusal": problem.refusal, "text": problem.text},
        "answered": answered,
    }


def _claims(request: web.Request) -> Document | None:
    """What the token says, without its signature: nobody can use it again."""
    try:
        token = read_token(request.headers)
    except RefusedCallError:
        return None
    return {"header": dict(token.header), "claims": dict(token.claims)}


def _without_secret(body: bytes) -> Any:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(content, dict):
        return {name: value for name, value in content.items() if name != "sharedSecret"}
    return None


def _is_known(request: web.Request, served: Served) -> bool:
    wanted = request.headers.get("If-None-Match")
    if wanted is not None:
        return wanted == "*" or served.etag in {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
    try:
        since = parsedate_to_datetime(request.headers.get("If-Modified-Since", ""))
        return parsedate_to_datetime(served.last_modified) <= since
    except (ValueError, TypeError):
        return False


def _json(body: bytes, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=body, content_type="application/json", charset="utf-8", headers=headers)


def _hang_up(request: web.Request) -> web.Response:
    """No answer at all, as from a process that died."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    try:
        await response.prepare(request)
        for _ in range(HUGE_BYTES // 65_536):
            await response.write(b" " * 65_536)
    except ConnectionError:
        pass  # the reader has had enough, which is the point
    return response
