"""The marketplace's hint that there is something new: who may give it, whom it hurries, and what it never breaks."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from tests.host.conftest import APP_KEY, DAY
from tests.host.deployed.conftest import DeployedWorld, installed
from tests.host.deployed.deployedworld import push_news

from tradepost.foundation.clock import new_id
from tradepost.foundation.configuration import configuration
from tradepost.host.marketlink import checking, news
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.running import upgrade_due
from tradepost.wire.messages import AppNews

FIRST = AppNews(app=APP_KEY, major=1)


@pytest.fixture
def site(town: DeployedWorld) -> Site:
    town.deploy("1.1.0")
    made = town.site_on("1.1.0")
    town.world.check()
    return made


def next_check(site: Site) -> datetime:
    return Site.objects.get(pk=site.pk).next_check_at


def push(town: DeployedWorld, *apps: AppNews, **how: object) -> int:
    return push_news(town.market.credential, *(apps or [FIRST]), **how).status_code


def test_a_minor_reaches_a_site_within_minutes(town: DeployedWorld, site: Site) -> None:
    town.deploy("1.2.0")
    assert push(town) == 204
    spread = configuration.policy.news_spread
    assert town.world.now <= next_check(site) <= town.world.now + spread
    town.world.now += spread
    checking.check_due(town.world.now)
    upgrade_due(town.world.now)

    assert town.stands(site)[0] == "1.2.0"


@pytest.mark.parametrize(
    "other", [AppNews(app=APP_KEY, major=2), AppNews(app="another", major=1), AppNews(app=APP_KEY, major=999_999_999)]
)
def test_news_of_something_else_hurries_nobody(town: DeployedWorld, site: Site, other: AppNews) -> None:
    before = next_check(site)

    assert push(town, other) == 204
    assert next_check(site) == before


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"key": "somebody else"}, 401),
        ({"signature": ""}, 401),
        ({"at": -3600}, 401),
        ({"at": 3600}, 401),
        ({"body": b"{}"}, 400),
        ({"body": b'{"apps": [{"app": "a b", "major": 1}]}'}, 400),
        ({"body": b" " * (news.LARGEST_NEWS + 1)}, 413),
    ],
)
def test_only_our_marketplace_brings_news(town: DeployedWorld, site: Site, how: dict[str, object], status: int) -> None:
    before = next_check(site)

    assert push(town, **how) == status
    assert next_check(site) == before


def test_the_same_news_twice_is_once_and_comes_to_a_site_at_its_own_moment(town: DeployedWorld, site: Site) -> None:
    push(town)
    first = next_check(site)
    town.world.now += timedelta(seconds=30)
    push(town)

    assert next_check(site) == first


def test_news_never_puts_a_check_off(town: DeployedWorld, site: Site) -> None:
    due = town.world.now - timedelta(hours=1)
    Site.objects.update(next_check_at=due)

    push(town)
    assert next_check(site) == due


def test_sites_are_spread_and_only_those_with_the_app_are_hurried(town: DeployedWorld, site: Site) -> None:
    sites = [site, *(town.site_on("1.1.0", f"site{n}") for n in range(6))]
    bare = town.world.site("bare")
    town.world.check()
    push(town)

    moments = {next_check(each) for each in sites}
    assert len(moments) == len(sites)
    assert all(town.world.now <= at <= town.world.now + configuration.policy.news_spread for at in moments)
    assert next_check(bare) > town.world.now + DAY / 2


def test_news_during_a_check_is_not_lost(town: DeployedWorld, site: Site) -> None:
    """The answer was made before the version was offered; the site asks once more, soon."""
    Site.objects.update(next_check_at=town.world.now)
    came = []

    def deploy_meanwhile(request: object) -> None:
        if not came and "/checks" in str(getattr(request, "url", "")):
            came.append(push(town))

    town.world.streets.before = deploy_meanwhile
    checking.check_due(town.world.now)
    town.world.streets.before = lambda _: None

    assert came == [204]
    assert next_check(site) <= town.world.now + configuration.policy.news_spread
    town.deploy("1.2.0")
    town.world.now += configuration.policy.news_spread
    assert checking.check_due(town.world.now) == 1
    assert next_check(site) > town.world.now + DAY / 2, "and then not again"


def test_news_during_a_check_that_fails_is_not_lost_either(town: DeployedWorld, site: Site) -> None:
    Site.objects.update(next_check_at=town.world.now, check_failures=6)
    town.market.trouble = "500"
    town.world.streets.before = lambda request: push(town) if "/checks" in request.url else None
    checking.check_due(town.world.now)

    assert next_check(site) <= town.world.now + configuration.policy.news_spread


def test_a_worker_that_died_with_the_lease_leaves_a_site_that_checks(town: DeployedWorld, site: Site) -> None:
    Site.objects.update(next_check_at=town.world.now)
    checking.claim(town.world.now, new_id())
    push(town)
    Site.objects.update(check_lease_until=datetime(2020, 1, 1, tzinfo=town.world.now.tzinfo))
    town.world.now += configuration.policy.news_spread

    assert checking.check_due(town.world.now) == 1


def test_news_of_one_app_does_not_read_the_installations_of_all(town: DeployedWorld, site: Site) -> None:
    crowd = installed(site).running
    assert crowd is not None
    crowd.pk, crowd.app_key = new_id(), "crowd"
    crowd.save(force_insert=True)
    with connection.cursor() as cursor:
        cursor.execute(_MANY_SITES, [town.world.now])
        cursor.execute(_MANY_INSTALLATIONS, [crowd.pk, crowd.pk])
        cursor.execute("ANALYZE sites_site, installing_installation, installing_knownversion")
        values = {"apps": [APP_KEY], "first": [10**12], "last": [2 * 10**12 - 1], "source": "marketplace"}
        cursor.execute(f"EXPLAIN {news._CONCERNED}", values | {"states": news._STATES})
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "installation_app" in plan, plan
    assert news.take_news([FIRST], now=town.world.now) == 1
    assert news.take_news([AppNews(app="crowd", major=1)], now=town.world.now) == 20_000


_MANY_SITES = """
    INSERT INTO sites_site (id, name, context_path, host_name, base_url, product_type, zone, window_start, window_end,
        created_at, next_check_at, check_failures, check_problem, private_listings, product_edition)
    SELECT gen_random_uuid(), 's', '/x' || n, '', 'http://x/' || n, 'jira', 'UTC', '01:00', '03:00', now(),
        %s + interval '1 day' + n * interval '1 second', 0, '', false, 'standard' FROM generate_series(1, 20000) n
"""
_MANY_INSTALLATIONS = """
    INSERT INTO installing_installation (id, site_id, app_key, state, client_key, sealed_secret, oauth_client_id,
        running_id, newest_id, installed_by, because, text, since, sequence, source, sealed_pending_secret, rollout)
    SELECT gen_random_uuid(), id, 'crowd', 'enabled', id::text, '', '', %s, %s, '', '', '', now(), 0, 'marketplace',
        '', '' FROM sites_site WHERE context_path LIKE '/x%%'
"""
