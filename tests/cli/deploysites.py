"""Sites that run what the vendor of `deployhouse` deployed, as their host service would have reported them."""

import uuid

from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import domain_now
from tradepost.foundation.models import User
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.hosts import commands as hosts
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.rollout.models import InstallationRecord


class MarketSites:
    """One host service and its sites in production."""

    def __init__(self) -> None:
        self.now = domain_now()
        operator = Caller(User.objects.get(email="operator@example.test"))
        _, code = hosts.invite_host("Product", by=operator, now=self.now)
        self.host, _ = hosts.enrol(code, base_url="http://127.0.0.1:8001", product="jira", now=self.now)
        self.listing = Listing.objects.get(app_key="com.example.notes")

    def run(self, running: str, count: int, *, state: str = "current", **versions: str) -> list[SiteRecord]:
        """Make sites that run a version; `granted` and `target` name other versions."""
        first = SiteRecord.objects.count() + 1
        named = {name: self.listing.versions.get(number=number) for name, number in versions.items()}
        return [self._site(first + place, running, state, named) for place in range(count)]

    def _site(self, number: int, running: str, state: str, named: dict[str, object]) -> SiteRecord:
        site = SiteRecord.objects.create(
            host=self.host, site=uuid.UUID(int=number), name=f"Site {number}", base_url=f"http://site{number}.test",
            first_seen_at=self.now, last_seen_at=self.now,
        )  # fmt: skip
        InstallationRecord.objects.create(
            site=site, listing=self.listing, running=self.listing.versions.get(number=running), state=state,
            since=self.now, reported_at=self.now, **named,
        )  # fmt: skip
        return site
