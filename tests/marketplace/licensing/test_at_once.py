"""What changes for all licenses of an app while one of them is changed: nobody waits in a circle, nothing is missed."""

from functools import partial

import pytest
from tests.marketplace.conftest import START
from tests.marketplace.editions.offering import BOTH
from tests.marketplace.licensing.acting import LicensingHost, put_live
from tests.marketplace.licensing.conftest import DAY, change_price
from tests.marketplace.test_workers import at_the_same_time
from tests.marketplace.tokens.holders import Holder
from tests.marketplace.wire_client import APP

from tradepost.core.errors import ConflictError
from tradepost.marketplace.editions import commands as editions
from tradepost.marketplace.editions import queries
from tradepost.marketplace.editions.drafts import Draft, FeatureDraft
from tradepost.marketplace.editions.models import ListingEditions
from tradepost.marketplace.licensing.models import SiteLicense
from tradepost.marketplace.reviews import commands as reviews
from tradepost.marketplace.reviews.models import Review
from tradepost.marketplace.tokens import commands as tokens

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 4
LATER = START + DAY


def wished(at_host, edition):
    """A wish of somebody who has just looked, from a thread of its own."""
    one = LicensingHost(at_host.service, at_host.credential)
    revision = at_host.decision(now=LATER)["revision"]
    return partial(one.wish, "switch", revision=revision, edition=edition, now=LATER)


def test_nobody_gets_an_edition_that_is_withdrawn_at_this_moment(at_host, billing, paid, owner):
    put_live(paid)
    billing.pays(period="monthly")
    for _ in range(ROUNDS):
        switched, withdrawn = at_the_same_time(
            wished(at_host, "advanced"), partial(editions.withdraw_live, APP, by=owner, now=LATER)
        )
        is_withdrawn = not isinstance(withdrawn, Exception)
        assert is_withdrawn or isinstance(withdrawn, ConflictError), withdrawn
        assert (switched.status_code == 200) is not is_withdrawn, (switched.content, withdrawn)
        assert SiteLicense.objects.get().edition == ("standard" if is_withdrawn else "advanced")
        ListingEditions.objects.update(state="live", live_at=START)
        SiteLicense.objects.update(edition="standard")


def test_an_app_changes_its_price_while_sites_choose_editions(server, at_host, billing, paid, operator):
    put_live(paid)
    billing.pays(period="none")
    for step in range(1, ROUNDS + 1):
        before = SiteLicense.objects.get()
        change_price(server, paid, paid=step % 2 == 0, now=LATER + step * DAY)
        review = Review.objects.get(listing=paid, state="waiting")
        other = "standard" if before.edition == "advanced" else "advanced"
        switched, approved = at_the_same_time(
            wished(at_host, other), partial(reviews.approve, review.pk, by=operator, now=LATER + step * DAY)
        )
        assert not isinstance(approved, Exception), approved
        assert switched.status_code in {200, 409}, switched.content
        assert SiteLicense.objects.get().revision == before.revision + 1 + (switched.status_code == 200)


def test_drafts_and_early_access_change_while_test_sites_choose_what_they_are_like(at_host, paid, owner, operator):
    editions.set_early_access(paid.vendor_id, is_open=True, by=operator, now=START)
    token = tokens.make(APP, by=owner, now=START)
    holder = Holder(at_host.credential)
    assert holder.apply(token.secret).status_code == 200
    whole, lowest = (Draft(features=(FeatureDraft(name="Panel", in_editions=each),)) for each in (BOTH, BOTH[:1]))
    for step in range(ROUNDS * 2):
        found = queries.find_editions(paid)
        told = at_the_same_time(
            partial(
                editions.save_draft, APP, lowest if step % 2 else whole,
                revision=found.revision if found else 0, by=owner, now=LATER,
            ),
            partial(Holder(at_host.credential).simulate, edition=("advanced", "standard")[step // 2 % 2]),
            partial(editions.set_early_access, paid.vendor_id, is_open=True, by=operator, now=LATER),
        )  # fmt: skip
        assert not any(isinstance(each, Exception) for each in told), told
        assert told[1].status_code in {200, 409}
        shown = at_host.decision(now=LATER)
        assert shown["edition"] == ("standard" if step % 2 else shown["token"]["edition"])
