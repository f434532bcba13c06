"""Start the sample app: ``python -m tradepost.sdk.sample --listen 127.0.0.2:8010 --keys-url …``."""

import argparse
import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import IPv6Address
from pathlib import Path

import aiohttp
from aiohttp import web

from tradepost.sdk.sample.answering import add_public_routes
from tradepost.sdk.sample.context import HTTP, KEYS_URL, VENDOR
from tradepost.sdk.sample.control import add_control_routes, guard_control
from tradepost.sdk.sample.descriptor import first_descriptor
from tradepost.sdk.sample.vendor import Vendor


def main() -> None:
    """Serve until SIGTERM or SIGINT; one line says when the app is ready."""
    wishes = _read_arguments()
    listening = _listen(*wishes.listen)
    base_url = (wishes.base_url or _url_of(listening)).rstrip("/")
    vendor = Vendor(
        first_descriptor(key=wishes.key, name=wishes.name, base_url=base_url),
        now=_machine_now,
        folder=wishes.state_dir,
    )
    web.run_app(
        build(vendor, keys_url=wishes.keys_url),
        sock=listening,
        print=lambda _: print(f"{wishes.name} is ready: {base_url}/atlassian-connect.json", flush=True),  # noqa: T201
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=0.5,
        loop=asyncio.new_event_loop(),
    )


def build(vendor: Vendor, *, keys_url: str) -> web.Application:
    """The whole app; ``keys_url`` is where the host serves its public keys."""
    app = web.Application(middlewares=[guard_control])
    app[VENDOR] = vendor
    app[KEYS_URL] = keys_url
    app.cleanup_ctx.append(_http)
    add_public_routes(app)
    add_control_routes(app)
    return app


def _machine_now() -> datetime:
    """The sample app is a stranger to the marketplace and has a clock of its own."""
    return datetime.now(UTC)  # noqa: TID251


async def _http(app: web.Application) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        app[HTTP] = session
        yield


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tradepost.sdk.sample", description="A vendor with one app.")
    parser.add_argument("--listen", type=_address, required=True, metavar="HOST:PORT")
    parser.add_argument("--base-url", help="where hosts reach the app; by default http:// and --listen")
    parser.add_argument("--keys-url", required=True, help="where the host serves its public keys")
    parser.add_argument("--key", default="sample-notes", help="the app key")
    parser.add_argument("--name", default="Sample Notes")
    parser.add_argument("--state-dir", type=Path, help="keeps descriptor, tenants and calls over a restart")
    return parser.parse_args()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    try:
        return host.strip("[]") or "127.0.0.1", int(port)
    except ValueError:
        raise argparse.ArgumentTypeError("write HOST:PORT") from None


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    return listening


def _url_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    if ":" in host:
        host = f"[{IPv6Address(host)}]"
    return f"http://{host}:{port}"


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
