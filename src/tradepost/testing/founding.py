"""How a simulated world begins: people, vendors with public apps, a linked host service, sites and their wishes."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from tradepost.core.window import MaintenanceWindow
from tradepost.foundation.callers import Caller
from tradepost.foundation.models import User
from tradepost.host.installing import keys
from tradepost.host.marketlink import commands as marketlink
from tradepost.host.sites import commands as sites
from tradepost.host.sites.models import Site
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.hosts import commands as hosts
from tradepost.marketplace.reviews import commands as reviews
from tradepost.marketplace.reviews import queries as review_queries
from tradepost.sdk.tokens import KeyUnavailableError

from .clock import SimClock
from .ledger import Ledger, Window
from .lots import lots
from .persons import Person, manner_of
from .streets import MARKETPLACE, SimOutgoing
from .vendors import SimVendor

APPS = ("com.acorn.boards", "com.birch.hours", "com.cedar.notes")
ZONES = (
    "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo",
    "Asia/Tokyo", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland",
    "Africa/Cairo", "Pacific/Apia",
)  # fmt: skip
WINDOWS = (
    (time(1), time(3)), (time(1), time(3)), (time(1), time(3)), (time(0), time(0)), (time(22), time(2)),
    (time(23, 30), time(0, 30)), (time(2), time(6)), (time(12), time(13)),
)  # fmt: skip
SHARE_OF_APPS = 0.75
"""Of the apps an average site installs."""


class Founder(Protocol):
    """What of a world its founding needs."""

    plan: "Extent"
    clock: SimClock
    ledger: Ledger
    streets: SimOutgoing


class Extent(Protocol):
    """How large it is."""

    seed: int
    sites: int
    strict: bool


@dataclass(frozen=True, slots=True)
class Founded:
    """Who and what there is. `wishes` are the places (site, app) that an administrator wants to have."""

    operator: Caller
    vendors: list[SimVendor]
    sites: dict[str, UUID]
    people: dict[str, Person]
    people_by_mail: dict[str, Person]
    wishes: list[tuple[str, str]]
    names: dict[UUID, str]


def found(world: Founder) -> Founded:
    """Make everything by the commands that people use, at the world's first moment."""
    now = world.clock.now
    operator = _person("operator@sim.test", is_operator=True)
    vendors = [_vendor(world, key, number) for number, key in enumerate(APPS)]
    world.streets.lead_to(vendors)
    names = {}
    for vendor in vendors:
        names |= _list(vendor, operator, now)
    _link(operator, now)
    made = [_site(world, number, operator) for number in range(world.plan.sites)]
    people = {site.context_path: person for site, person in made}
    return Founded(
        operator=operator,
        vendors=vendors,
        sites={site.context_path: site.pk for site, _ in made},
        people=people,
        people_by_mail={person.caller.actor: person for person in people.values()},
        wishes=[(path, app) for path in people for app in APPS if _wants(world, path, app)],
        names=names | {site.pk: site.context_path for site, _ in made},
    )


def _person(email: str, *, is_operator: bool = False) -> Caller:
    return Caller(User.objects.create_user(email, is_operator=is_operator))


def _vendor(world: Founder, key: str, number: int) -> SimVendor:
    def fetch_key(kid: str) -> str:
        pem = keys.find_public_pem(kid)
        if pem is None:
            raise KeyUnavailableError
        return pem

    host = f"{key.split('.')[1]}.vendor.test"
    vendor = SimVendor(world.plan.seed, key, host, world.ledger, fetch_key, sends_etag=number != 1)
    vendor.publish(world.clock.now)
    return vendor


def _list(vendor: SimVendor, operator: Caller, now: datetime) -> dict[UUID, str]:
    name = vendor.host.partition(".")[0].title()
    row = catalog.create_vendor(name, f"apps@{vendor.host}", by=operator, now=now)
    catalog.set_member(row.pk, f"owner@{vendor.host}", "owner", by=operator, now=now)
    owner = Caller(User.objects.get(email=f"owner@{vendor.host}"))
    catalog.list_app(row.pk, vendor.descriptor_url, by=owner, now=now)
    catalog.submit_listing(vendor.key, by=owner, now=now)
    for review in review_queries.reviews(operator, state="waiting"):
        reviews.approve(review.pk, by=operator, now=now)
    return {row.pk: name}


def _link(operator: Caller, now: datetime) -> None:
    _, code = hosts.invite_host("Product", by=operator, now=now)
    marketlink.enrol(code=code, url=MARKETPLACE, by=operator, now=now)


def _site(world: Founder, number: int, operator: Caller) -> tuple[Site, Person]:
    path, now = f"/site-{number:03}", world.clock.now
    lot = lots(world.plan.seed, "site", path)
    zone, (start, end) = lot.choice(ZONES), lot.choice(WINDOWS)
    site = sites.create_site(
        name=f"Site {number:03}", context_path=path, zone=zone, window=MaintenanceWindow(start, end), by=operator,
        now=now,
    )  # fmt: skip
    world.ledger.windows[path].append(Window(now, start, end, ZoneInfo(zone)))
    person = Person(_person(f"admin@site-{number:03}.test"), path, manner_of(world.plan.seed, path))
    sites.set_member(site.pk, email=person.caller.actor, role="admin", by=operator, now=now)
    return site, person


def _wants(world: Founder, path: str, app: str) -> bool:
    return lots(world.plan.seed, "wants", path, app).random() < SHARE_OF_APPS
