"""Decisions about licenses: asked for many at once, one by one, and beside what the pure rules alone take.

A host asks for all apps of a site in one call, and in the background for 500 at a time. The same questions one by one
are the peer; the rules on values at hand, without a database, are the bare loop.
"""

import argparse
import random
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from statistics import median

import msgspec

from tradepost.core.license import Billing, LicensePolicy, LicenseTerms, Period
from tradepost.core.license_decision import Standing, decide
from tradepost.core.license_settling import settle
from tradepost.core.states import LicenseState
from tradepost.testing.bench_checks import START, offer, prepare, say

QUESTIONS = "/wire/1/licenses"


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=2_000)
    parser.add_argument("--apps", type=int, default=50)
    parser.add_argument("--each", type=int, default=10, help="licensed apps on each site")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=7)
    asked, _ = parser.parse_known_args(arguments)
    lots = random.Random(asked.seed)  # noqa: S311  made-up sites, no secrets
    with ExitStack() as stack:
        call = prepare(stack)
        offer(asked.apps)
        pairs = sell(lots, asked)
        answered = msgspec.json.decode(call(QUESTIONS, _question(pairs[:500])))["decisions"]
        assert sum(each["active"] for each in answered) == 500, "everybody asked about has a license"
        told: list[list[float]] = [[], [], []]
        for _ in range(asked.rounds):
            some = lots.sample(pairs, 500)
            together = _question(some)
            alone = [_question([each]) for each in some[:50]]
            told[0].append(500 / _seconds(lambda together=together: call(QUESTIONS, together)))
            told[1].append(50 / _seconds(lambda alone=alone: [call(QUESTIONS, each) for each in alone]))
            told[2].append(500 / _seconds(_bare_rules))
    for name, speeds in zip(("500 in one call", "one by one", "rules alone"), told, strict=True):
        say(f"{name:16} {max(speeds):9,.0f} decisions a second at best, {median(speeds):9,.0f} in the median")
    say(f"{median(a / b for a, b in zip(told[0], told[1], strict=True)):.1f} times as many together as one by one")
    say(f"{median(a / c for a, c in zip(told[0], told[2], strict=True)):.2f} of what the rules alone decide")
    return 0


def sell(lots: random.Random, asked: argparse.Namespace) -> list[tuple[str, str]]:
    """Give each site licenses of some apps; return who has what."""
    from tradepost.marketplace.catalog.models import Listing
    from tradepost.marketplace.hosts.models import HostService, SiteRecord
    from tradepost.marketplace.licensing.models import Customer, OwnedSite, SiteLicense
    from tradepost.marketplace.releases.models import AppVersion

    AppVersion.objects.update(paid=True)
    host, listings = HostService.objects.get(), list(Listing.objects.order_by("app_key"))
    customer = Customer.objects.create(name="Bench", created_at=START)
    sites = [
        SiteRecord(
            host=host, site=uuid.UUID(int=number + 1), name=f"Site {number}", base_url=f"https://s{number}.test",
            first_seen_at=START, last_seen_at=START,
        )
        for number in range(asked.sites)
    ]  # fmt: skip
    SiteRecord.objects.bulk_create(sites, batch_size=2_000)
    OwnedSite.objects.bulk_create([OwnedSite(site=site, customer=customer, since=START) for site in sites])
    rows = [
        SiteLicense(
            site=site, listing=listing, entitlement_number=f"E-{number}", support_number=f"SEN-{number}",
            state=LicenseState.ACTIVE, period=Period.ANNUAL, anchor=START, period_ends_at=START + timedelta(days=3650),
            began_at=START, changed_at=START,
        )
        for number, (site, listing) in enumerate(
            (site, listing) for site in sites for listing in lots.sample(listings, asked.each)
        )
    ]  # fmt: skip
    SiteLicense.objects.bulk_create(rows, batch_size=2_000)
    return [(str(row.site.site), row.listing.app_key) for row in rows]


def _question(pairs: list[tuple[str, str]]) -> bytes:
    return msgspec.json.encode({"questions": [{"site": site, "app": app} for site, app in pairs]})


def _bare_rules() -> None:
    terms = LicenseTerms(
        state=LicenseState.ACTIVE, period=Period.ANNUAL, anchor=START, period_ends_at=START + timedelta(days=3650)
    )
    policy = LicensePolicy()
    for _ in range(500):
        settled, _ = settle(terms, START, policy)
        standing = Standing(terms=settled, billing=Billing.IMPROVED, paid=True)
        decide(standing, entitlement_id="1", entitlement_number="E-1", support_number="SEN-1", policy=policy)


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
