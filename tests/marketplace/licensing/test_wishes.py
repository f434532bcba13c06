"""What administrators of sites may wish for, and what they are refused with which words."""

import pytest
from tests.marketplace.conftest import START
from tests.marketplace.licensing.acting import LicensingHost, put_live, rule_of
from tests.marketplace.licensing.conftest import DAY
from tests.marketplace.test_workers import at_the_same_time

from tradepost.marketplace.hosts import commands as hosts
from tradepost.marketplace.licensing.models import Customer, LicenseChange, SiteLicense
from tradepost.marketplace.tokens.models import AccessToken

pytestmark = pytest.mark.django_db
LATER = START + 2 * DAY
CHANGED = (409, "license.changed_meanwhile")


def test_a_site_tries_an_app_then_its_higher_edition_and_falls_back(at_host, paid):
    put_live(paid)

    trial = at_host.wishes("trial")
    assert (trial["state"], trial["edition"], trial["revision"]) == ("trial", "standard", 1)

    tried = at_host.wishes("edition_trial", edition="advanced", now=START + 5 * DAY)
    assert (tried["edition"], tried["may_try_edition"]) == ("advanced", False)
    assert tried["edition_trial_ends_at"] == "2026-04-06T09:00:00Z"
    assert tried["changes_at"] == trial["trial_ends_at"]

    over = at_host.decision(now=START + 30 * DAY)
    assert (over["state"], over["edition"], over["active"]) == ("trial_expired", "standard", False)


def test_a_switch_in_a_trial_is_at_once_both_ways(at_host, paid):
    put_live(paid)
    at_host.wishes("trial")

    assert at_host.wishes("switch", edition="advanced")["edition"] == "advanced"
    assert at_host.wishes("switch", edition="standard", now=LATER)["edition"] == "standard"
    assert [change.event for change in LicenseChange.objects.order_by("at", "event")] == [
        "edition_switched",
        "trial_started",
        "edition_switched",
    ]


def test_an_existing_license_shows_no_edition_until_its_site_first_switches(at_host, paid):
    at_host.wishes("trial")
    put_live(paid, now=START + DAY)

    assert at_host.decision(now=LATER).get("edition") is None
    assert at_host.wishes("switch", edition="advanced", now=LATER)["edition"] == "advanced"
    assert at_host.wishes("switch", edition="standard", now=LATER)["edition"] == "standard"


def test_a_trial_is_begun_once(at_host, paid):
    at_host.wishes("trial")

    again = at_host.wish("trial", revision=1)
    after = at_host.wish("trial", revision=1, now=START + 40 * DAY)

    assert rule_of(again) == rule_of(after) == (409, "license.trial_used")


@pytest.mark.parametrize("wish", ["switch", "edition_trial"])
def test_an_app_without_editions_cannot_be_switched(at_host, paid, wish):
    at_host.wishes("trial")

    assert rule_of(at_host.wish(wish, revision=1, edition="advanced")) == (409, "edition.not_live")


@pytest.mark.parametrize("wish", ["switch", "edition_trial"])
def test_a_customer_on_original_billing_cannot_switch_and_sees_no_edition(at_host, paid, wish):
    put_live(paid)
    at_host.wishes("trial")
    Customer.objects.update(billing="original")

    told = at_host.decision()
    refused = at_host.wish(wish, revision=told["revision"], edition="advanced")

    assert rule_of(refused) == (409, "edition.original_billing")
    assert told.get("edition") is None
    assert told["why_not"].startswith("The customer is on original billing")


def test_a_license_that_a_token_hides_is_not_switched(at_host, paid, site):
    put_live(paid)
    at_host.wishes("trial")
    AccessToken.objects.create(
        listing=paid,
        digest="d" * 64,
        prefix="tpa_abcdef",
        state="bound",
        site=site,
        applied=True,
        created_at=START,
        created_by="owner@acme.test",
    )

    for wish in ("switch", "edition_trial", "keep"):
        answer = at_host.wish(wish, revision=1, edition="advanced")
        assert answer.status_code == 409
    assert rule_of(at_host.wish("keep", revision=1)) == (409, "edition.token_applied")


def test_a_free_app_cannot_be_tried_or_switched(at_host, free):
    assert at_host.wish("trial", app=free.app_key, revision=0).json()["detail"] == "The app is free."
    assert at_host.wish("switch", app=free.app_key, revision=0, edition="advanced").status_code == 409
    assert not SiteLicense.objects.exists()


def test_the_same_edition_again_and_nothing_to_keep_are_refused(at_host, paid):
    put_live(paid)
    at_host.wishes("trial")

    assert rule_of(at_host.wish("switch", revision=1, edition="standard")) == (409, "edition.same")
    assert rule_of(at_host.wish("keep", revision=1)) == (409, "edition.nothing_pending")
    assert rule_of(at_host.wish("edition_trial", revision=1, edition="standard")) == (409, "edition.not_higher")


@pytest.mark.parametrize("edition", [None, "gold", "premium"])
def test_an_edition_that_does_not_exist_is_named_as_wrong(at_host, paid, edition):
    put_live(paid)
    at_host.wishes("trial")

    answer = at_host.wish("switch", revision=1, **({"edition": edition} if edition else {}))

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["pointer"] == "/edition"


def test_wishes_for_what_a_host_may_not_know_of_are_not_found(at_host, paid, secret, operator):
    _, code = hosts.invite_host("Other product", by=operator, now=START)
    service, credential = hosts.enrol(code, base_url="http://127.0.0.1:8003", product="jira", now=START)
    other = LicensingHost(service, credential)

    assert other.wish("trial", revision=0).status_code == 404
    assert at_host.wish("trial", 77, revision=0).status_code == 404
    assert at_host.wish("trial", app=secret.app_key, revision=0).status_code == 404
    assert at_host.wish("trial", app="com.nobody", revision=0).status_code == 404


@pytest.mark.parametrize("wrong", [{"wish": "buy"}, {"by": ""}, {"revision": "1"}, {"edition": "A" * 30}, {"more": 1}])
def test_what_is_no_wish_cannot_be_read(at_host, paid, wrong):
    answer = at_host.wish(**({"wish": "trial", "revision": 0} | wrong))

    assert answer.status_code == (200 if "more" in wrong else 400)


def test_a_wish_of_somebody_who_saw_something_else_is_refused(at_host, paid):
    put_live(paid)
    at_host.wishes("trial")
    at_host.wishes("switch", edition="advanced")

    assert rule_of(at_host.wish("switch", revision=1, edition="advanced")) == CHANGED


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_at_once_one_gets_what_they_wish(at_host, paid):
    put_live(paid)
    at_host.wishes("trial")

    def wants(edition, by):
        one = LicensingHost(at_host.service, at_host.credential)
        return lambda: one.wish("switch", revision=1, edition=edition, by=by)

    answers = at_the_same_time(wants("advanced", "a@site.test"), wants("advanced", "b@site.test"))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert CHANGED in [rule_of(answer) for answer in answers]
    assert SiteLicense.objects.get().revision == 2


@pytest.mark.django_db(transaction=True)
def test_two_first_trials_at_once_make_one_license_and_one_customer(at_host, paid):
    def wants():
        return LicensingHost(at_host.service, at_host.credential).wish("trial", revision=0)

    answers = at_the_same_time(wants, wants, wants)

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert (SiteLicense.objects.count(), Customer.objects.count()) == (1, 1)
    assert LicenseChange.objects.count() == 1
