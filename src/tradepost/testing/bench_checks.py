"""Update checks answered a second, beside a Django view that does nothing, in the same process and by the same way in.

Both pass the whole way from the web server's call to the bytes of the answer; the check also knows who asks, what
they run, and what is offered to them, on a real database. Checks of deployed apps, which have a newest version in each
of three majors, are measured beside those of watched ones.
"""

import argparse
import io
import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from statistics import median
from types import ModuleType
from typing import Any

import msgspec

from tradepost.core.version import Version

SETTINGS = {
    "TRADEPOST_SERVICE": "marketplace",
    "TRADEPOST_DEVELOPMENT": "1",
    "TRADEPOST_LOG_LEVEL": "ERROR",
    "DJANGO_SETTINGS_MODULE": "tradepost.server.settings",
}
PATH = "/wire/1/checks"
WATCHED, DEPLOYED, BARE = "watched", "deployed", "bare"
MAJORS = 3
CREDENTIAL = "tph_bench"
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Call = Callable[[str, bytes], bytes]


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--apps", type=int, default=1_000, help="listings with an offered version")
    parser.add_argument("--installations", type=int, default=8, help="apps on each site that asks")
    parser.add_argument("--sites", type=int, default=1, help="sites in one check")
    parser.add_argument("--checks", type=int, default=500, help="in each round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=7)
    asked, _ = parser.parse_known_args(arguments)
    lots = random.Random(asked.seed)  # noqa: S311  made-up sites, no secrets
    with ExitStack() as stack:
        call = prepare(stack)
        offer(asked.apps, WATCHED, DEPLOYED)
        checks = {way: [draw_check(lots, asked, way) for _ in range(asked.checks)] for way in (WATCHED, DEPLOYED)}
        # Everybody is met once before anything is measured, as sites are in their first check.
        offers = {way: sum(len(_offers(call(PATH, check))) for check in found) for way, found in checks.items()}
        rounds = [_round(call, checks) for _ in range(asked.rounds)]
    told = f"{asked.checks} checks of {asked.sites} site with {asked.installations} apps"
    say(f"{told}, answered with {offers[WATCHED]} offers of watched and {offers[DEPLOYED]} of deployed apps")
    for way in (WATCHED, DEPLOYED, BARE):
        tell(way, asked.checks, [seconds[way] for seconds in rounds])
    bare = median(seconds[BARE] / seconds[WATCHED] for seconds in rounds)
    say(f"{bare:.2f} times as many checks as answers of a view that does nothing, median of {asked.rounds} rounds")
    deployed = median(seconds[WATCHED] / seconds[DEPLOYED] for seconds in rounds)
    say(f"{deployed:.2f} times as many checks of deployed apps as of watched ones")
    return 0


def _offers(answer: bytes) -> list[Any]:
    return msgspec.json.decode(answer)["offers"]


def _round(call: Call, checks: dict[str, list[bytes]]) -> dict[str, float]:
    """How long each way takes, one after the other, so that the machine is the same for all."""
    seconds = {way: _seconds(call, PATH, found) for way, found in checks.items()}
    return seconds | {BARE: _seconds(call, f"/{BARE}", checks[WATCHED])}


def prepare(stack: ExitStack) -> Call:
    """The marketplace on a fresh database; how to send it a request without a network."""
    from tradepost.server.databases import fresh_database

    for name in [name for name in os.environ if name.startswith("TRADEPOST_")]:
        if not name.startswith("TRADEPOST_POSTGRES_"):
            del os.environ[name]
    os.environ.update(SETTINGS)
    os.environ["DATABASE_URL"] = stack.enter_context(fresh_database("bench"))
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.db import connections

    stack.callback(connections.close_all)
    call_command("migrate", verbosity=0)
    settings.ROOT_URLCONF = _with_bare_view()
    return _caller(get_wsgi_application())


def offer(count: int, *ways: str) -> None:
    """Offer so many watched apps, or so many of each way that is named, and link a host service."""
    from tradepost.foundation.secrets import hash_token
    from tradepost.marketplace.catalog.models import OfferSerial, Vendor
    from tradepost.marketplace.hosts.models import HostService
    from tradepost.marketplace.watching.models import Document

    vendor = Vendor.objects.create(name="Bench", contact_email="bench@vendor.test", created_at=START)
    document = Document.objects.create(sha256="0" * 64, content=b"{}", first_fetched_at=START)
    HostService.objects.create(
        name="Bench", state="linked", credential_digest=hash_token(CREDENTIAL), last_seen_at=START
    )  # fmt: skip
    for number in range(count):
        for way in ways or (WATCHED,):
            _list_app(vendor, document, way, number)
    OfferSerial.objects.update_or_create(pk=1, defaults={"value": 1})


def _list_app(vendor: Any, document: Any, way: str, number: int) -> None:
    from tradepost.marketplace.catalog.models import Listing
    from tradepost.marketplace.releases.models import AppVersion

    listing = Listing.objects.create(
        vendor=vendor, app_key=_key(way, number), name=f"App {number}", state="public", created_at=START,
        created_by="b", descriptor_url=f"https://app{number}.test/d", descriptor_host=f"app{number}.test:443",
        next_poll_at=START, offer_serial=1, source=way,
    )  # fmt: skip
    versions = [Version(1, 0, 3)] if way == WATCHED else [Version(major, 3, 0) for major in range(1, MAJORS + 1)]
    for version in versions:
        listing.offered = AppVersion.objects.create(
            listing=listing, number=str(version), order_key=version.order_key, build=version.build, state="offered",
            document=document, manifest=document if way == DEPLOYED else None, base_url=f"https://app{number}.test",
            api_version=1, paid=False, scopes=["READ"], change="patch", consent=False, made_at=START, made_by="b",
            offered_at=START,
        )  # fmt: skip
    listing.save(update_fields=["offered"])


def draw_check(lots: random.Random, asked: argparse.Namespace, way: str) -> bytes:
    """One message: most apps of a site run what is offered, one in five the version before.

    Of deployed apps one in five runs an older major, and one in five of all not the newest version of its major.
    """
    sites = []
    for _ in range(asked.sites):
        number = lots.randrange(2_000)
        apps = lots.sample(range(asked.apps), asked.installations)
        running = [{"app": _key(way, app), "version": _running(lots, way)} for app in apps]
        site = {"site": f"{number:032x}", "base_url": f"https://s{number}.test", "name": f"Site {number}"}
        sites.append(site | {"installations": running})
    return msgspec.json.encode({"sites": sites})


def _running(lots: random.Random, way: str) -> str:
    last = 2 if lots.random() < 0.2 else 3
    if way == WATCHED:
        return f"1.0.{last}"
    return f"{lots.randint(1, MAJORS - 1) if lots.random() < 0.2 else MAJORS}.{last}.0"


def tell(name: str, count: int, seconds: list[float]) -> None:
    best, middle = count / min(seconds), count / median(seconds)
    say(f"{name:14} {best:9,.0f} a second at best, {middle:9,.0f} in the median")


def say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201


def _key(way: str, number: int) -> str:
    return f"com.example.{way}-{number}"


def _with_bare_view() -> ModuleType:
    from django.http import HttpRequest, HttpResponse
    from django.urls import path
    from django.views.decorators.csrf import csrf_exempt

    from tradepost.server.urls import marketplace

    @csrf_exempt
    def bare(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"{}", content_type="application/json")

    made = ModuleType("bench_urls")
    made.urlpatterns = [path(BARE, bare), *marketplace.urlpatterns]  # type: ignore[attr-defined]
    return made


def _caller(application: Any) -> Call:
    def call(path: str, body: bytes) -> bytes:
        told: list[str] = []
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_AUTHORIZATION": f"Bearer {CREDENTIAL}",
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
        }
        answer = application(environ, lambda status, _headers: told.append(status))
        content = b"".join(answer)
        answer.close()
        assert told == ["200 OK"], (told, content)
        return content

    return call


def _seconds(call: Call, path: str, bodies: list[bytes]) -> float:
    start = time.perf_counter()
    for body in bodies:
        call(path, body)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
