"""What the tests of the host service start from: a linked host service, people, sites, and a world around it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.host.hostworld import MARKETPLACE, App, Marketplace, Streets, descriptor

from tradepost.core.window import NO_WINDOW
from tradepost.foundation import outgoing
from tradepost.foundation.callers import Caller
from tradepost.foundation.models import OutgoingMail, User
from tradepost.host.approvals.models import Approval
from tradepost.host.installing import keys
from tradepost.host.installing.commands import install
from tradepost.host.installing.models import Installation
from tradepost.host.installing.queries import _cache
from tradepost.host.marketlink.checking import check_due
from tradepost.host.marketlink.commands import enrol
from tradepost.host.marketlink.reports import send_reports
from tradepost.host.sites.commands import create_site, set_member
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.models import Upgrade
from tradepost.host.upgrading.queries import with_versions
from tradepost.host.upgrading.running import upgrade_due

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
APP_KEY, APP_URL = "demo", "https://app.example/base"


@dataclass
class World:
    """One host service, with a clock of its own."""

    marketplace: Marketplace
    streets: Streets
    app: App
    operator: Caller
    now: datetime = START
    admins: dict[Any, Caller] = field(default_factory=dict)

    def site(self, name: str, **options: Any) -> Site:
        """Make a site with one administrator, and with no maintenance window where none is asked for: services that
        are asked over HTTP live by the machine's clock, and tests must not turn out otherwise at night.
        """
        options.setdefault("window", NO_WINDOW)
        site = create_site(name=name, context_path=f"/{name}", by=self.operator, now=self.now, **options)
        self.admins[site.pk] = person(f"admin@{name}.example")
        set_member(site.pk, email=f"admin@{name}.example", role="admin", by=self.operator, now=self.now)
        return site

    def publish(self, number: str, *, notes: str = "", **changes: Any) -> None:
        """Let the marketplace offer another version of the app."""
        self.marketplace.publish(descriptor(APP_KEY, APP_URL, **changes), number, at=self.now, notes=notes)

    def install(self, site: Site) -> Installation:
        """Install the app and let the worker call it."""
        install(site.pk, APP_KEY, fingerprint=None, by=self.admins[site.pk], now=self.now)
        upgrade_due(self.now)
        return self.on(site)

    def on(self, site: Site) -> Installation:
        """The app on a site, as the database has it."""
        return with_versions(Installation.objects.all()).get(site=site, app_key=APP_KEY)

    def runs(self, site: Site) -> str | None:
        """The number the site runs."""
        running = self.on(site).running
        return running.number if running else None

    def check(self, *, after: timedelta = timedelta(0)) -> None:
        """Let every site ask now, whatever its moment."""
        self.now += after
        Site.objects.update(next_check_at=self.now)
        while check_due(self.now):
            pass

    def work(self, *, after: timedelta = timedelta(0)) -> None:
        """Let the worker take up what is due."""
        self.now += after
        while upgrade_due(self.now):
            pass

    def follow(self, *, after: timedelta = DAY) -> None:
        """A check and then the work it made."""
        self.check(after=after)
        self.work()

    def waiting(self, site: Site) -> Approval | None:
        """The request that waits on a site."""
        return Approval.objects.filter(site=site, state="waiting").first()

    def states(self, site: Site) -> list[str]:
        """The states of every request on a site, oldest first."""
        return list(Approval.objects.filter(site=site).order_by("asked_at", "id").values_list("state", flat=True))

    def mails(self, site: Site) -> list[OutgoingMail]:
        """The mails to a site's administrator, in order."""
        return list(OutgoingMail.objects.filter(to=self.admins[site.pk].actor).order_by("decided_at"))

    def upgrades(self, site: Site) -> list[tuple[str, str]]:
        """Number and state of every upgrade on a site, in order."""
        rows = Upgrade.objects.filter(site_id=site.pk).order_by("planned_at", "to_number")
        return list(rows.values_list("to_number", "state"))

    def send_reports(self) -> None:
        while send_reports(self.now):
            pass


def person(email: str, *, operator: bool = False) -> Caller:
    """Somebody in a browser."""
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, is_operator=operator)
    return Caller(user)


@pytest.fixture
def fetch_key() -> Callable[[str], str]:
    """Apps in the same thread see the keys in the database; those on real HTTP fetch them."""
    return lambda kid: keys.find_public_pem(kid) or ""


def make_world(fetch_key: Callable[[str], str]) -> World:
    """A host service linked to a marketplace that offers version 1.0.0 of one app."""
    _cache.clear()
    keys._private_key.cache_clear()
    marketplace = Marketplace()
    app = App(APP_KEY, APP_URL, fetch_key)
    streets = Streets(marketplace, [app])
    return World(marketplace, streets, app, person("operator@host.example", operator=True))


@pytest.fixture
def world(db: None, fetch_key: Callable[[str], str]) -> Iterator[World]:
    made = make_world(fetch_key)
    with outgoing.replace(made.streets):
        enrol(code="tpe_first-code", url=MARKETPLACE, by=made.operator, now=made.now)
        made.publish("1.0.0")
        yield made
