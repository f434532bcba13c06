"""Several things at once: tokens over subscriptions that end, editions that go, apps that change their price."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.marketplace.conftest import START, poll
from tests.marketplace.licensing.acting import at, put_live, rule_of
from tests.marketplace.licensing.conftest import DAY, change_price
from tests.marketplace.tokens.holders import Holder
from tests.marketplace.vendors import descriptor
from tests.marketplace.wire_client import APP, site_id

from tradepost.core.errors import ConflictError
from tradepost.core.license import Billing
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.editions import commands as editions
from tradepost.marketplace.editions.models import ListingEditions
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.licensing import customers
from tradepost.marketplace.licensing.models import Customer, LicenseChange, PendingPush, SiteLicense
from tradepost.marketplace.licensing.settling import settle_due
from tradepost.marketplace.reviews import commands as reviews
from tradepost.marketplace.reviews.models import Review
from tradepost.marketplace.tokens import commands as tokens

pytestmark = pytest.mark.django_db
TICK = timedelta(microseconds=1)
LATER = START + 2 * DAY
MONTH = datetime(2026, 4, 2, 9, tzinfo=UTC)
"""The end of the first month that was paid at START."""


@pytest.fixture
def token(paid, owner):
    return tokens.make(APP, by=owner, now=START)


@pytest.fixture
def holder(at_host):
    return Holder(at_host.credential)


def take(holder, token, *, now=START, **more):
    with at(now):
        answer = holder.apply(token.secret, **more)
    assert answer.status_code == 200, answer.content


def told(decision):
    return decision["state"], decision["active"], decision.get("edition")


def test_a_subscription_that_ends_under_a_token_is_over_when_the_token_goes(
    at_host, billing, paid, owner, token, holder
):
    put_live(paid)
    billing.pays(period="monthly", edition="advanced")
    billing.does("cancellation")
    take(holder, token, confirmed=True)
    assert told(at_host.decision(now=MONTH - TICK)) == ("trial", True, "standard")

    tokens.remove(APP, token.token.pk, by=owner, now=MONTH)

    assert told(at_host.decision(now=MONTH)) == ("expired", False, "advanced")
    events = LicenseChange.objects.order_by("number").values_list("event", flat=True)
    assert list(events) == ["bought", "cancelled", "ran_out"]


def test_a_downgrade_that_comes_under_a_token_and_a_cancellation_is_there_when_the_token_goes(
    at_host, billing, paid, token, holder
):
    put_live(paid)
    billing.pays(period="monthly", edition="advanced")
    assert at_host.wishes("switch", edition="standard")["next_edition"] == "standard"
    take(holder, token, confirmed=True)
    billing.does("cancellation", now=LATER)

    settle_due(MONTH)
    with at(MONTH):
        holder.withdraw()

    assert told(at_host.decision(now=MONTH)) == ("expired", False, "standard")
    changes = LicenseChange.objects.order_by("number")
    assert [change.event for change in changes][-2:] == ["edition_changed", "ran_out"]


def test_nothing_can_be_taken_back_at_the_very_end(at_host, billing, paid):
    put_live(paid)
    billing.pays(period="monthly", edition="advanced")
    at_host.wishes("switch", edition="standard")
    seen = at_host.decision(now=MONTH - TICK)
    assert seen.get("next_edition") == "standard"

    assert rule_of(at_host.wish("keep", revision=seen["revision"], now=MONTH)) == (409, "edition.nothing_pending")
    billing.does("cancellation", now=MONTH)
    over = datetime(2026, 5, 2, 9, tzinfo=UTC)
    assert billing.act("cancellation", now=MONTH).status_code == 409
    assert billing.send("put", f"/licenses/{SiteLicense.objects.get().pk}/resumption", {}, now=over).status_code == 409
    assert told(at_host.decision(now=over - TICK)) == ("cancelled", True, "standard")
    assert told(at_host.decision(now=over)) == ("expired", False, "standard")


def test_a_revision_never_falls_whoever_writes_down_what_time_has_done(at_host, billing, paid, owner, token, holder):
    put_live(paid)
    billing.pays(period="monthly", edition="advanced")
    at_host.wishes("switch", edition="standard")
    seen = [at_host.decision(now=MONTH + n * DAY)["revision"] for n in (-1, 0)]
    take(holder, token, now=MONTH + DAY, confirmed=True)
    seen.append(at_host.decision(now=MONTH + DAY)["revision"])
    settle_due(MONTH + 60 * DAY)
    seen.append(at_host.decision(now=MONTH + 60 * DAY)["revision"])

    assert seen == sorted(seen)
    numbers = list(LicenseChange.objects.order_by("number").values_list("number", flat=True))
    assert len(set(numbers)) == len(numbers)
    at_order = list(LicenseChange.objects.order_by("number").values_list("at", flat=True))
    assert at_order == sorted(at_order)


def test_who_buys_after_editions_were_withdrawn_has_the_lowest(at_host, billing, paid, owner):
    put_live(paid)
    at_host.wishes("trial")
    at_host.wishes("switch", edition="advanced")
    editions.withdraw_live(APP, by=owner, now=LATER)
    assert told(at_host.decision(now=LATER)) == ("trial", True, "advanced")

    assert rule_of(billing.act("payments", now=LATER, reference="a", period="monthly", edition="advanced")) == (
        409, "edition.not_live",
    )  # fmt: skip
    billing.pays(period="monthly", now=LATER)

    assert told(at_host.decision(now=LATER)) == ("active", True, "standard")


def test_who_comes_back_after_editions_were_withdrawn_has_the_lowest(at_host, billing, paid, owner):
    put_live(paid)
    billing.pays(period="monthly", edition="advanced")
    billing.does("end", now=LATER)
    editions.withdraw_live(APP, by=owner, now=LATER)

    order = {"now": LATER, "period": "monthly", "edition": "advanced"}
    assert rule_of(billing.act("payments", reference="again", **order)) == (409, "edition.not_live")
    billing.pays(period="monthly", now=LATER)

    assert told(at_host.decision(now=LATER)) == ("active", True, "standard")


def test_a_trial_of_an_edition_outlives_its_withdrawal_and_falls_back(at_host, billing, paid, owner):
    put_live(paid)
    billing.pays(period="annual")
    at_host.wishes("edition_trial", edition="advanced")
    editions.withdraw_live(APP, by=owner, now=LATER)

    assert told(at_host.decision(now=START + 30 * DAY - TICK)) == ("active", True, "advanced")
    assert told(at_host.decision(now=START + 30 * DAY)) == ("active", True, "standard")
    assert at_host.decision(now=LATER).get("may_switch", False) is False


def test_a_trial_of_an_edition_that_is_bought_after_a_withdrawal_still_falls_back(at_host, billing, paid, owner):
    put_live(paid)
    at_host.wishes("trial")
    at_host.wishes("edition_trial", edition="advanced")
    editions.withdraw_live(APP, by=owner, now=LATER)
    billing.pays(period="annual", now=LATER)

    assert told(at_host.decision(now=LATER)) == ("active", True, "advanced")
    assert told(at_host.decision(now=START + 30 * DAY)) == ("active", True, "standard")


def test_early_access_that_is_closed_and_opened_again_has_the_hosts_of_test_sites_told(
    at_host, paid, owner, operator, token, holder
):
    editions.set_early_access(paid.vendor_id, is_open=True, by=operator, now=START)
    put_live(paid)
    ListingEditions.objects.update(state="draft", live_at=None)
    take(holder, token)
    with at(START):
        assert holder.simulate(edition="advanced").status_code == 200
    before = at_host.decision()
    assert before.get("edition") == "advanced"
    PendingPush.objects.all().delete()

    editions.set_early_access(paid.vendor_id, is_open=False, by=operator, now=LATER)
    closed = at_host.decision(now=LATER)
    assert (closed.get("edition"), closed["revision"] > before["revision"]) == ("standard", True)
    assert PendingPush.objects.count() == 1

    editions.set_early_access(paid.vendor_id, is_open=True, by=operator, now=LATER)
    opened = at_host.decision(now=LATER)
    assert (opened.get("edition"), opened["revision"] > closed["revision"]) == ("advanced", True)


def test_an_app_that_becomes_free_and_costs_again_has_its_hosts_told_each_time(
    server, at_host, billing, paid, operator
):
    billing.pays(period="monthly")
    billing.pays(number=2, period="monthly")
    revisions = [at_host.decision()["revision"]]
    for step, costs in enumerate((False, True), start=1):
        PendingPush.objects.all().delete()
        now = START + step * DAY
        change_price(server, paid, paid=costs, now=now)
        assert not PendingPush.objects.exists()  # nobody has looked at it yet
        reviews.approve(Review.objects.get(listing=paid, state="waiting").pk, by=operator, now=now)
        assert PendingPush.objects.count() == 2
        decision = at_host.decision(now=now)
        revisions.append(decision["revision"])
        assert decision["may_switch"] is False
        assert ("free" in decision["why_not"]) is not costs
    assert revisions == [1, 2, 3]


def test_a_version_that_changes_no_price_tells_nobody(server, at_host, billing, paid):
    billing.pays(period="monthly")
    PendingPush.objects.all().delete()
    server.serve(descriptor(enableLicensing=True, modules={"webPanels": [{"key": "panel", "url": "/2"}]}))
    assert poll(paid, START + DAY).offered.number == "1.0.1"

    assert not PendingPush.objects.exists()
    assert at_host.decision()["revision"] == 1


def test_moving_between_customers_and_billings_with_a_downgrade_to_come(at_host, billing, paid, operator):
    put_live(paid)
    billing.pays(period="monthly", edition="advanced")
    at_host.wishes("switch", edition="standard")
    site = SiteRecord.objects.get(host=at_host.service, site=site_id(1))
    original = customers.make("Old", by=operator, now=START, billing=Billing.ORIGINAL)
    improved = customers.make("New", by=operator, now=START, billing=Billing.IMPROVED)

    with pytest.raises(ConflictError):
        customers.assign_site(original.pk, site, by=operator, now=LATER)
    customers.assign_site(improved.pk, site, by=operator, now=LATER)
    with pytest.raises(ConflictError):
        customers.move_billing(improved.pk, Billing.ORIGINAL, by=operator, now=LATER)

    decision = at_host.decision(now=LATER)
    assert (decision["edition"], decision["next_edition"]) == ("advanced", "standard")
    assert told(at_host.decision(now=MONTH)) == ("active", True, "standard")


def test_moved_over_in_the_middle_of_a_trial_no_edition_is_shown_until_a_switch(at_host, billing, paid, operator):
    put_live(paid)
    site = SiteRecord.objects.get(host=at_host.service, site=site_id(1))
    original = customers.make("Old", by=operator, now=START, billing=Billing.ORIGINAL)
    customers.assign_site(original.pk, site, by=operator, now=START)
    at_host.wishes("trial")
    customers.move_billing(original.pk, Billing.IMPROVED, by=operator, now=LATER)
    assert told(at_host.decision(now=LATER)) == ("trial", True, None)
    billing.pays(period="monthly", now=LATER)
    assert told(at_host.decision(now=LATER)) == ("active", True, None)
    at_host.wishes("edition_trial", edition="advanced", now=LATER)
    assert told(at_host.decision(now=LATER + 30 * DAY)) == ("active", True, "standard")


def test_a_site_that_takes_the_app_away_and_comes_back_gets_no_second_trial(at_host, paid, token, holder, owner):
    first = at_host.decision(version="1.0.0", begin_trial=True)
    take(holder, token)
    tokens.remove(APP, token.token.pk, by=owner, now=LATER)

    again = at_host.decision(version="1.0.0", begin_trial=True, now=START + 31 * DAY)
    assert told(again)[:2] == ("trial_expired", False)
    assert first["trial_ends_at"] == again["trial_ends_at"]
    assert at_host.decision(2, version="1.0.0", begin_trial=True)["state"] == "trial"


def test_asked_twice_in_one_message_a_trial_is_begun_once(at_host, paid):
    one = {"site": str(site_id(1)), "app": APP, "version": "1.0.0"}
    answer = at_host.ask({**one, "begin_trial": True}, one)
    assert [each["state"] for each in answer.json()["decisions"]] == ["trial"]
    assert Customer.objects.count() == 1


def test_more_questions_than_the_contract_allows_cannot_be_read(at_host, paid):
    assert at_host.ask(*[(n, APP) for n in range(501)]).status_code == 400
    assert at_host.ask(*[(n, APP) for n in range(1, 501)]).status_code == 200


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_site_whose_token_of_a_private_app_was_removed_cannot_go_on_with_a_trial(
    at_host, billing, paid, owner, token, holder, is_listed
):
    take(holder, token)
    at_host.report(at_host.says(1, "1.0.0"))
    if not is_listed:
        catalog.make_private(APP, by=owner, now=START)
    tokens.remove(APP, token.token.pk, by=owner, now=LATER)

    told_of = at_host.decision(now=LATER)
    assert (told_of["state"], told_of["active"], told_of["may_try"]) == ("none", False, is_listed)
    wished = at_host.wish("trial", revision=told_of["revision"], now=LATER)
    assert wished.status_code == (200 if is_listed else 409), wished.content
    upgraded = at_host.decision(version="1.0.0", begin_trial=True, now=LATER)
    assert upgraded["state"] == ("trial" if is_listed else "none")
    if not is_listed:
        assert "removed the access token" in wished.json()["detail"]
        assert billing.does("trial", now=LATER)["state"] == "trial"


def test_of_two_sites_of_one_host_each_hears_of_a_private_app_what_it_may(at_host, paid, owner, token, holder):
    catalog.make_private(APP, by=owner, now=START)
    take(holder, token, site=2)

    answer = at_host.ask((1, APP), (2, APP)).json()
    assert [each["site"] for each in answer["decisions"]] == [str(site_id(2))]
    assert answer["unknown"] == [APP]
    for path in ("/wire/1/licenses/preview", "/wire/1/licenses/wishes"):
        told_of = {
            "site": str(site_id(1)),
            "app": APP,
            "edition": "advanced",
            "wish": "switch",
            "revision": 0,
            "by": "a",
        }
        assert at_host.post(path, told_of).status_code == 404


def test_a_token_of_one_environment_opens_no_other(server, at_host, paid, owner, token, holder):
    url = server.serve(descriptor(key="com.example.staging", enableLicensing=True), "/staging.json")
    staging = catalog.add_environment(APP, "staging", url, by=owner, now=START)
    other = tokens.make(staging.app_key, by=owner, now=START)

    assert rule_of(holder.apply(other.secret, app=APP)) == (409, "token.other_app")
    take(holder, other)
    assert told(at_host.decision(app=staging.app_key)) == ("trial", True, "standard")
    assert told(at_host.decision()) == ("none", False, None)
    assert at_host.get(f"/wire/1/apps/{staging.app_key}", site=str(site_id(2))).status_code == 404


def test_time_over_a_long_absence_with_everything_pending_comes_in_its_order(at_host, billing, paid):
    put_live(paid)
    billing.pays(period="monthly", edition="advanced")
    at_host.wishes("switch", edition="standard")
    billing.does("cancellation", now=LATER)
    billing.does("resumption", now=LATER)
    assert at_host.decision(now=LATER)["next_edition"] == "standard"

    late = at_host.decision(now=MONTH + 300 * DAY)
    settle_due(MONTH + 300 * DAY)
    written = at_host.decision(now=MONTH + 300 * DAY)

    assert late | {"revision": 0} == written | {"revision": 0}
    events = list(LicenseChange.objects.order_by("number").values_list("event", flat=True))
    assert events[:7] == [
        "bought", "edition_switched", "cancelled", "resumed", "edition_changed", "renewed", "renewed",
    ]  # fmt: skip
