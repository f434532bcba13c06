"""Both services in one process: the real marketplace, a host service with two sites, a vendor's app on a real port.

Time is the town's. The marketplace can be down; what is sent to it meanwhile never arrives.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpResponse
from django.test import Client
from tests.host.browsers import Browser
from tests.host.upm.devapps import DevApp

from tradepost.core.edition import Edition
from tradepost.foundation import outgoing, tokens
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import domain_time_told_by, machine_now
from tradepost.foundation.models import AuditEntry, User
from tradepost.foundation.outgoing import (
    AddressRules,
    GuardedClient,
    OutgoingError,
    OutgoingProblem,
    OutgoingRequest,
    OutgoingResponse,
)
from tradepost.host.installing.commands import install
from tradepost.host.installing.models import Installation
from tradepost.host.licenses.models import CachedLicense
from tradepost.host.marketlink.checking import check_due
from tradepost.host.marketlink.commands import enrol
from tradepost.host.marketlink.models import MarketplaceLink
from tradepost.host.sites.commands import create_site, set_member
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.calling import call_due
from tradepost.host.upgrading.running import upgrade_due
from tradepost.host.upm.requests import carry_out_requests
from tradepost.host.upm.switch import set_private_listings
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.editions.models import EditionPrice, Feature, ListingEditions
from tradepost.marketplace.hosts import commands as hosts
from tradepost.marketplace.licensing.models import Customer, SiteLicense
from tradepost.marketplace.reviews import commands as reviews
from tradepost.marketplace.reviews.models import Review
from tradepost.marketplace.tokens import commands as access_tokens
from tradepost.marketplace.watching import commands as watching

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MARKETPLACE = "http://marketplace.test"
APP = "dev-app"


def panel(key: str, name: str, capability: str = "") -> dict[str, Any]:
    conditions = [{"condition": "capability_set", "params": {"value": capability}}] if capability else []
    made = {"key": key, "name": {"value": name}, "url": f"/{key}", "location": "atl.jira.view.issue.right.context"}
    return made | ({"conditions": conditions} if conditions else {})


MODULES = {
    "webPanels": [
        panel("panel", "The plain panel"),
        panel("reports", "The report panel", "capabilityAdvanced"),
        panel("basics", "The basics panel", "capabilityStandard"),
    ]
}


@dataclass
class Road:
    """In place of the outgoing client: to the marketplace's views in this process, to anybody else by HTTP."""

    guarded: GuardedClient
    is_down: bool = False
    sent: list[OutgoingRequest] = field(default_factory=list)

    def send(self, request: OutgoingRequest) -> OutgoingResponse:
        self.sent.append(request)
        if not request.url.startswith(MARKETPLACE + "/"):
            return self.guarded.send(request)
        if self.is_down:
            raise OutgoingError(OutgoingProblem.UNREACHABLE, "marketplace.test does not accept connections.")
        headers = {name: value for name, value in request.headers if name.lower() != "content-type"}
        answer = Client().generic(
            request.method, request.url.removeprefix(MARKETPLACE), request.body or b"",
            content_type="application/json", headers={**headers, "Host": "marketplace.test"},
        )  # fmt: skip
        found = tuple((name.lower(), value) for name, value in answer.headers.items())
        return OutgoingResponse(answer.status_code, found, answer.content, 0.0, request.url)

    def send_all(
        self, requests: Sequence[OutgoingRequest], *, at_once_per_host: int = 4, at_once: int = 32
    ) -> list[OutgoingResponse | OutgoingError]:
        assert at_once_per_host <= at_once
        return [self._send_or_error(each) for each in requests]

    def close(self) -> None:
        self.guarded.close()

    def _send_or_error(self, request: OutgoingRequest) -> OutgoingResponse | OutgoingError:
        try:
            return self.send(request)
        except OutgoingError as error:
            return error


@dataclass
class Town:
    """Everybody and everything. `listing` costs something and is public; nothing is installed yet."""

    road: Road
    app: DevApp
    operator: Caller
    vendor: Caller
    vendor_id: UUID
    now: datetime = START
    sites: dict[str, Site] = field(default_factory=dict)

    @property
    def site(self) -> Site:
        return self.sites["alpha"]

    @property
    def admin(self) -> Caller:
        return self.person("admin@alpha.example")

    @property
    def listing(self) -> Listing:
        return Listing.objects.get(app_key=APP)

    def person(self, email: str) -> Caller:
        return Caller(User.objects.filter(email=email).first() or User.objects.create_user(email))

    def make_site(self, name: str) -> None:
        zone = "Europe/Berlin" if name == "alpha" else "UTC"
        site = create_site(name=name, context_path=f"/{name}", zone=zone, by=self.operator, now=self.now)
        admin = self.person(f"admin@{name}.example")
        set_member(site.pk, email=admin.actor, role="admin", by=self.operator, now=self.now)
        set_private_listings(site.pk, allowed=True, by=admin, now=self.now)
        self.sites[name] = site

    def check(self) -> None:
        Site.objects.update(next_check_at=self.now)
        while check_due(self.now):
            pass

    def work(self) -> None:
        """Let the workers of the host take up what is due."""
        while upgrade_due(self.now) or call_due(self.now) or carry_out_requests(self.now):
            pass

    def install(self, name: str = "alpha") -> Installation:
        site = self.sites[name]
        install(site.pk, APP, fingerprint=None, by=self.person(f"admin@{name}.example"), now=self.now)
        self.work()
        return self.installation(name)

    def installation(self, name: str = "alpha", app: str = APP) -> Installation:
        return Installation.objects.select_related("running", "newest").get(site=self.sites[name], app_key=app)

    def forget(self) -> None:
        """What the host has kept of decisions is old, and the marketplace may be asked again."""
        CachedLicense.objects.update(fresh_until=None)
        MarketplaceLink.objects.update(license_held_until=None)

    def customer(self, **changes: Any) -> None:
        Customer.objects.update(**changes)

    def give(self, name: str = "alpha", **terms: Any) -> None:
        """Let the license of a site be like this, as if an operator had made it so."""
        rows = SiteLicense.objects.filter(site__site=self.sites[name].pk, listing__app_key=APP)
        assert rows.update(**terms) == 1
        for row in rows:
            row.revision += 1
            row.save(update_fields=["revision"])
        self.forget()

    def put_editions(self) -> None:
        """Standard and Advanced are live; reports are Advanced's, a plain panel is in both."""
        made = ListingEditions.objects.create(
            listing=self.listing, state="live", created_at=self.now, submitted_at=self.now, live_at=self.now
        )
        both = [each.value for each in Edition]
        Feature.objects.create(editions=made, name="Panels", in_editions=both, modules=["panel"])
        Feature.objects.create(
            editions=made, name="Reports", text="Every week.", in_editions=["advanced"], modules=["reports"], position=1
        )
        for edition, price in (("standard", 1), ("advanced", 2)):
            EditionPrice.objects.create(editions=made, edition=edition, period="monthly", per_user=price)

    def token(self, app: str = APP) -> access_tokens.Made:
        return access_tokens.make(app, by=self.vendor, now=self.now, name="a test site")

    def link(self, made: access_tokens.Made, app: str = APP) -> str:
        return f"{MARKETPLACE}/apps/{app}/descriptor?access-token={made.secret}"

    def browser(self, email: str = "admin@alpha.example") -> Browser:
        return Browser(self.person(email))

    def rest(self, method: str, path: str, *, email: str = "admin@alpha.example", **body: Any) -> HttpResponse:
        """Ask the host's REST interface, as somebody with a token of both scopes."""
        client = Client(headers={"host": "host.test"})
        headers = {"Authorization": f"Bearer {bearer(self.person(email))}"}
        sent = json.dumps(body) if body else b""
        path = f"/api/1/sites/{self.site.pk}/{path}"
        return client.generic(method, path, sent, "application/json", headers=headers)

    def acts(self, action: str) -> list[dict[str, Any]]:
        """The details of the host's audit rows of an action, the oldest first."""
        rows = AuditEntry.objects.filter(service="host", action=action).order_by("recorded_at")
        return [{"actor": each.actor, **each.detail} for each in rows]


def bearer(caller: Caller, *scopes: str) -> str:
    _, plain = tokens.make_token(
        by=caller, name="program", scopes=scopes or ("sites:read", "sites:write"), expires_in=DAY, service="host",
        now=machine_now(),
    )  # fmt: skip
    return plain


def rows_with(secret: str) -> list[str]:
    """The tables of the database in which a text stands somewhere."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [row[0] for row in cursor.fetchall()]
        found = []
        for name in names:
            cursor.execute(f'SELECT count(*) FROM "{name}" t WHERE t::text LIKE %s', [f"%{secret}%"])  # noqa: S608
            found += [name] if cursor.fetchone()[0] else []
    return found


@contextmanager
def living_town(app: DevApp) -> Iterator[Town]:
    """The town, with its marketplace reachable."""
    road = Road(GuardedClient(AddressRules(development=True)))
    operator = Caller(User.objects.create_user("operator@town.example", is_operator=True))
    with outgoing.replace(road):
        vendor = catalog.create_vendor("Acme", "apps@acme.example", by=operator, now=START)
        catalog.set_member(vendor.pk, "owner@acme.example", "owner", by=operator, now=START)
        owner = Caller(User.objects.get(email="owner@acme.example"))
        town = Town(road, app, operator, owner, vendor.pk)
        with domain_time_told_by(lambda: town.now):
            watching.ASKED_FOR.forget()
            app.change(enableLicensing=True, modules=MODULES)
            catalog.list_app(vendor.pk, app.address, by=owner, now=START)
            catalog.submit_listing(APP, by=owner, now=START)
            reviews.approve(Review.objects.get(state="waiting").pk, by=operator, now=START)
            _, code = hosts.invite_host("Product", by=operator, now=START)
            enrol(code=code, url=MARKETPLACE, by=operator, now=START)
            for name in ("alpha", "beta"):
                town.make_site(name)
            town.check()
            yield town
    road.close()
