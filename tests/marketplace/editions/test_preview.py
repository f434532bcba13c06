"""What hosts are told of a switch before it is made: POST /wire/1/licenses/preview."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from tests.marketplace.editions.offering import (
    AT,
    BOTH,
    FORECAST,
    PANEL,
    PRICES,
    WHOLE,
    draft,
    go_live,
    grant,
    make_site,
    own,
)
from tests.marketplace.wire_client import WireHost

from tradepost.foundation.clock import domain_now
from tradepost.marketplace.editions.drafts import FeatureDraft, PriceDraft
from tradepost.marketplace.hosts import commands as hosts
from tradepost.marketplace.licensing.models import SiteLicense
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.tokens.models import AccessToken

pytestmark = pytest.mark.django_db
SERVICE = FeatureDraft(name="Support by telephone", kind="service", in_editions=("standard",))


@pytest.fixture
def wire(host):
    return WireHost(host[1])


def ask(wire, site, edition="advanced", app="com.example.app"):
    message = {"site": str(site.site), "app": app, "edition": edition}
    return wire.post("/wire/1/licenses/preview", message)


def told(answer):
    assert answer.status_code == 200, answer.content
    return answer.json()


def at_of(preview):
    return datetime.fromisoformat(preview["at"])


def test_an_upgrade_tells_what_is_gained_at_once_and_what_it_costs(opened, owner, operator, site, wire):
    go_live(opened, owner, operator, replace(WHOLE, features=(PANEL, FORECAST, SERVICE)))
    row = grant(site, opened, now=domain_now(), edition="standard")

    preview = told(ask(wire, site))
    assert (preview["before"], preview["after"], preview["revision"]) == ("standard", "advanced", row.revision)
    assert preview["gained"] == [{"name": "Forecast", "text": "", "kind": "product", "modules": ["forecast"]}]
    assert preview["lost"] == [{"name": "Support by telephone", "text": "", "kind": "service", "modules": []}]
    assert (preview["price"], preview["why_not"]) == ("USD 4.00 per user and month", "")
    assert preview["may_try"]
    assert abs(at_of(preview) - domain_now()) < timedelta(minutes=1)


def test_a_downgrade_is_told_for_the_end_of_the_period(opened, owner, operator, site, wire):
    go_live(opened, owner, operator)
    row = grant(site, opened, now=domain_now(), edition="advanced", period_ends_at=domain_now() + timedelta(days=20))

    preview = told(ask(wire, site, "standard"))
    assert [each["name"] for each in preview["lost"]] == ["Forecast"]
    assert (preview["gained"], preview["may_try"]) == ([], False)
    assert at_of(preview) == row.period_ends_at


def test_a_license_without_a_period_reads_every_price(opened, owner, operator, site, wire):
    annual = [PriceDraft(edition=word, period="annual", per_user=Decimal(1234)) for word in BOTH]
    go_live(opened, owner, operator, replace(WHOLE, prices=(*PRICES, *annual)))
    grant(site, opened, now=domain_now(), edition="standard", period="none")

    assert told(ask(wire, site))["price"] == "USD 4.00 per user and month or USD 1,234.00 per user and year"


def test_an_existing_license_has_no_edition_before_and_compares_with_the_lowest(opened, owner, operator, site, wire):
    grant(site, opened, now=domain_now())
    go_live(opened, owner, operator)

    preview = told(ask(wire, site))
    assert (preview["before"], [each["name"] for each in preview["gained"]]) == (None, ["Forecast"])


@pytest.mark.parametrize("terms", [{}, {"state": "cancelled"}, {"state": "expired"}])
def test_without_live_editions_it_says_so_and_tells_nothing_of_a_draft(opened, owner, site, wire, terms):
    draft(opened, owner)
    grant(site, opened, now=domain_now(), **terms)

    preview = told(ask(wire, site))
    assert preview["why_not"] == "The app is not offered in editions."
    assert (preview["gained"], preview["price"], preview["may_try"]) == ([], "", False)


def test_on_original_billing_it_says_so(opened, owner, operator, site, wire):
    go_live(opened, owner, operator)
    own(site, "Old", billing="original")
    grant(site, opened, now=domain_now())

    preview = told(ask(wire, site))
    assert (preview["before"], preview["why_not"]) == (
        None,
        "The customer is on original billing, which knows no editions.",
    )


def test_an_app_that_became_free_cannot_be_switched(opened, owner, operator, site, wire):
    go_live(opened, owner, operator)
    grant(site, opened, now=domain_now(), edition="standard")
    AppVersion.objects.filter(pk=opened.offered_id).update(paid=False)

    assert told(ask(wire, site))["why_not"] == "The app is free, so it has no editions."


def test_under_an_access_token_its_simulation_is_chosen_instead(opened, owner, operator, site, wire):
    go_live(opened, owner, operator)
    grant(site, opened, now=domain_now(), edition="standard")
    AccessToken.objects.create(
        listing=opened, digest="d", prefix="tpa_abcd", state="bound", site=site, applied=True, created_at=AT
    )

    assert told(ask(wire, site))["why_not"].startswith("An access token is in use")


def test_a_site_that_never_had_a_license_is_told_why_not_and_gets_none_by_asking(opened, owner, operator, site, wire):
    go_live(opened, owner, operator)

    preview = told(ask(wire, site))
    assert preview["revision"] == 0
    assert preview["why_not"]
    assert not SiteLicense.objects.exists()


def test_a_site_of_another_host_an_unknown_app_and_a_private_one_are_not_found(opened, site, operator, server, wire):
    _, code = hosts.invite_host("Other", by=operator, now=AT)
    other, _ = hosts.enrol(code, base_url="http://127.0.0.1:8003", product="jira", now=AT)
    assert ask(wire, make_site(other, 7)).status_code == 404
    assert ask(wire, site, app="com.example.none").status_code == 404
    type(opened).objects.update(state="private")
    assert ask(wire, site).status_code == 404


def test_an_edition_that_does_not_exist_is_refused_with_its_place(opened, site, wire):
    answer = ask(wire, site, "gold")

    assert (answer.status_code, answer.json()["problems"][0]["pointer"]) == (422, "/edition")
    assert ask(wire, site, "Gold!").status_code == 400


def test_without_a_credential_nothing_is_told(opened, site):
    assert ask(WireHost(""), site).status_code == 401
