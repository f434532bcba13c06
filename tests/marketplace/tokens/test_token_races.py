"""Two at once: sites, vendors and administrators, with connections and commits of their own."""

from functools import partial

import pytest
from tests.marketplace.conftest import START
from tests.marketplace.test_workers import at_the_same_time
from tests.marketplace.wire_client import APP, site_id

from tradepost.core.errors import ConflictError
from tradepost.foundation.clock import domain_now
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.licensing.models import SiteLicense
from tradepost.marketplace.tokens import commands, queries, using
from tradepost.marketplace.tokens.models import AccessToken

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5


@pytest.fixture
def sites(host, holder):
    holder.check((1, {}), (2, {}))
    return {number: SiteRecord.objects.get(site=site_id(number)) for number in (1, 2)}


def use(site, made):
    return partial(using.apply, site, made.secret, by="ann@site.test", now=domain_now())


def refusals(results):
    for each in results:
        assert not isinstance(each, Exception) or isinstance(each, ConflictError), repr(each)
    return [each.rule for each in results if isinstance(each, ConflictError)]


def test_of_two_sites_that_use_a_token_at_once_exactly_one_gets_it(listing, owner, sites):
    for _ in range(ROUNDS):
        made = commands.make(APP, by=owner, now=START)
        results = at_the_same_time(use(sites[1], made), use(sites[2], made))

        assert refusals(results) == [using.FOREIGN]
        (winner,) = [each.site_id for each in results if not isinstance(each, ConflictError)]
        made.token.refresh_from_db()
        assert (made.token.state, made.token.site_id, made.token.applied) == ("bound", winner, True)


def test_one_site_that_uses_a_token_twice_at_once_has_it_once(listing, owner, sites):
    for _ in range(ROUNDS):
        made = commands.make(APP, by=owner, now=START)
        before = SiteLicense.objects.filter(site=sites[1]).values_list("revision", flat=True).first() or 0

        assert refusals(at_the_same_time(use(sites[1], made), use(sites[1], made))) == []
        assert SiteLicense.objects.get(site=sites[1]).revision == before + 1


def test_two_tokens_at_once_leave_one_of_them_applied(listing, owner, sites):
    for _ in range(ROUNDS):
        first, second = (commands.make(APP, by=owner, now=START) for _ in range(2))

        assert refusals(at_the_same_time(use(sites[1], first), use(sites[1], second))) == []
        assert AccessToken.objects.filter(site=sites[1], applied=True).count() == 1


def test_a_token_that_is_removed_while_a_site_uses_it_is_removed_or_used_and_never_both(listing, owner, sites):
    for _ in range(ROUNDS):
        made = commands.make(APP, by=owner, now=START)
        remove = partial(commands.remove, APP, made.token.pk, by=owner, now=domain_now())
        found = refusals(at_the_same_time(use(sites[1], made), remove))

        made.token.refresh_from_db()
        assert set(found) <= {using.REMOVED, commands.MOVED_MEANWHILE}
        assert (made.token.state, made.token.applied) in {("removed", False), ("bound", True)}
        assert (made.token.state == "bound") == (found == [commands.MOVED_MEANWHILE])


def test_removing_and_putting_away_at_once_do_not_wait_for_each_other(listing, owner, sites):
    for _ in range(ROUNDS):
        made = commands.make(APP, by=owner, now=START)
        use(sites[1], made)()
        acts = [
            partial(commands.remove, APP, made.token.pk, by=owner, now=domain_now()),
            partial(using.withdraw, sites[1], APP, by="ann@site.test", now=domain_now()),
            partial(using.simulate, sites[1], APP, by="bob@site.test", now=domain_now(), simulated="NONE"),
        ]

        assert set(refusals(at_the_same_time(*acts))) <= {using.NONE_APPLIED}
        made.token.refresh_from_db()
        assert (made.token.state, made.token.applied) == ("removed", False)


def test_a_new_link_at_the_instant_of_the_first_use_leaves_one_secret_that_is_known(listing, owner, sites):
    for _ in range(ROUNDS):
        made = commands.make(APP, by=owner, now=START)
        renew = partial(commands.new_link, APP, made.token.pk, by=owner, now=domain_now())
        used, renewed = at_the_same_time(use(sites[1], made), renew)

        made.token.refresh_from_db()
        if isinstance(used, using.UnknownTokenError):
            assert made.token.state == "unbound"
            assert queries.find_by_secret(renewed.secret) == made.token
        else:
            assert refusals([renewed]) == [""]
            assert made.token.state == "bound"


def test_the_fiftieth_token_is_made_once(listing, owner):
    AccessToken.objects.bulk_create(
        AccessToken(listing=listing, digest=f"{number:064}", prefix="tpa_x", created_at=START, created_by="test")
        for number in range(49)
    )
    make = partial(commands.make, APP, by=owner, now=START)

    assert refusals(at_the_same_time(make, make)) == [commands.OVER_QUOTA]
    assert queries.count_active(listing, START) == 50
