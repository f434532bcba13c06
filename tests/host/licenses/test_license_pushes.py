"""What the marketplace pushes: who may, what is kept, and what apps hear of it."""

import msgspec
import pytest
from django.test import Client
from tests.host.conftest import APP_KEY
from tests.host.licenses.licenseworld import LicenseWorld

from tradepost.foundation.clock import new_id
from tradepost.foundation.secrets import hash_token
from tradepost.host.installing.commands import disable, enable
from tradepost.host.licenses.deciding import license_of
from tradepost.host.licenses.models import CachedLicense
from tradepost.host.marketlink.models import MarketplaceLink
from tradepost.host.marketlink.signatures import LARGEST_PUSH
from tradepost.wire import licenses as wire


def test_a_push_is_kept_at_once_and_told_to_the_app(house: LicenseWorld) -> None:
    decision = house.market.decide(house.site.pk, state="active", evaluation=False, edition="standard")

    answer = house.push(decision)
    house.work()

    assert (answer.status_code, answer.content) == (204, b"")
    assert license_of(house.installation(), now=house.now).capability_set == "capabilityStandard"
    [event] = house.ears.bodies("/hooks/license")
    assert event == {
        "timestamp": int(house.now.timestamp() * 1000),
        "webhookEvent": "license.changed",
        "key": APP_KEY,
        "clientKey": house.installation().client_key,
        "license": {
            "active": True,
            "type": "COMMERCIAL",
            "evaluation": False,
            "supportEntitlementNumber": "SEN-123",
            "entitlementId": "ent-1",
            "entitlementNumber": "E-123",
            "capabilitySet": "capabilityStandard",
        },
    }


def test_what_an_app_does_not_see_is_not_told(house: LicenseWorld) -> None:
    house.push(house.market.decide(house.site.pk, reason="Another reason.", may_switch=True, user_tier=7))
    house.work()

    assert house.ears.bodies("/hooks/license") == []


def test_a_license_that_is_gone_is_told_as_one_that_is_absent(house: LicenseWorld) -> None:
    house.push(house.market.decide(house.site.pk, state="none", active=False, exists=False))
    house.work()

    [event] = house.ears.bodies("/hooks/license")
    assert "license" not in event


def test_an_app_that_is_switched_off_hears_of_it_when_it_is_on_again(house: LicenseWorld) -> None:
    admin = house.world.admins[house.site.pk]
    disable(house.site.pk, APP_KEY, by=admin, now=house.now)
    house.push(house.market.decide(house.site.pk, edition="advanced"))
    enable(house.site.pk, APP_KEY, by=admin, now=house.now)
    house.work()
    assert house.ears.bodies("/enabled")[-1]["capabilitySet"] == "capabilityAdvanced", "by its call"

    house.later(house.row().fresh_until - house.now)  # type: ignore[operator]
    house.look()
    house.work()

    assert [each["license"]["capabilitySet"] for each in house.ears.bodies("/hooks/license")] == ["capabilityAdvanced"]


def test_a_push_of_what_is_not_here_is_no_error(house: LicenseWorld) -> None:
    elsewhere = house.market.decide(new_id(), edition="advanced")
    unknown = house.market.decide(house.site.pk, app="nobody-has-this", edition="advanced")

    assert house.push(elsewhere, unknown).status_code == 204
    assert house.push().status_code == 204
    assert CachedLicense.objects.count() == 1


def test_the_same_push_again_does_nothing(house: LicenseWorld) -> None:
    old = house.market.decide(house.site.pk, edition="advanced")
    house.push(old)
    house.push(house.market.decide(house.site.pk, edition="standard"))
    house.push(old)
    house.push(old)
    house.work()

    told = [each["license"]["capabilitySet"] for each in house.ears.bodies("/hooks/license")]
    assert told == ["capabilityAdvanced", "capabilityStandard"]
    assert license_of(house.installation(), now=house.now).capability_set == "capabilityStandard"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"at": wire.SIGNATURE_SECONDS + 60},
        {"at": -wire.SIGNATURE_SECONDS - 60},
        {"key": hash_token("tph_somebody-else")},
        {"key": "tph_credential"},
        {"signature": ""},
        {"signature": "t=0,v1="},
        {"signature": "t=99999999999999999999,v1=" + "0" * 64},
        {"signature": "t=1,v1=" + "é" * 64},
    ],
)
def test_a_push_that_our_marketplace_has_not_just_signed_is_refused(
    house: LicenseWorld, spoilt: dict[str, object]
) -> None:
    decision = house.market.decide(house.site.pk, edition="advanced")
    headers = spoilt.get("signature")
    answer = house.push(decision, **spoilt) if not isinstance(headers, str) or headers.isascii() else None

    if answer is not None:
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
    assert license_of(house.installation(), now=house.now).edition is None


def test_a_body_other_than_the_signed_one_is_refused(house: LicenseWorld) -> None:
    decision = house.market.decide(house.site.pk, edition="advanced")
    at = int(__import__("time").time())
    signed = wire.signature(hash_token(house.market.credential), at=at, body=b"{}")
    body = msgspec.json.encode(wire.LicenseDecisions(decisions=[decision]))

    answer = Client().post(
        "/wire/1/licenses", body, content_type="application/json", headers={wire.SIGNATURE_HEADER: signed}
    )

    assert answer.status_code == 401


def test_a_host_that_is_linked_to_nobody_takes_pushes_of_nobody(house: LicenseWorld) -> None:
    MarketplaceLink.objects.all().delete()
    assert house.push(house.market.decide(house.site.pk)).status_code == 401


def test_a_signed_push_that_cannot_be_read_is_refused_and_so_is_one_too_large(house: LicenseWorld) -> None:
    assert house.push(body=b'{"decisions": 7}').status_code == 400
    assert house.push(body=b"\xff").status_code == 400
    assert house.push(body=b" " * (LARGEST_PUSH + 1)).status_code == 413
    answer = Client().get("/wire/1/licenses")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_many_decisions_are_kept_with_as_many_statements_as_one(
    house: LicenseWorld, django_assert_max_num_queries: object
) -> None:
    first = house.installation()
    copies = [
        type(first)(
            site=first.site, app_key=f"app-{n}", state="enabled", client_key=f"c{n}", sealed_secret=first.sealed_secret,
            oauth_client_id=f"o{n}", running=first.running, newest=first.newest, installed_by="x", since=house.now,
        )
        for n in range(50)
    ]  # fmt: skip
    type(first).objects.bulk_create(copies)
    decisions = [house.market.decide(house.site.pk, app=each.app_key, exists=False, active=False) for each in copies]

    with django_assert_max_num_queries(20):  # type: ignore[operator]
        assert house.push(*decisions).status_code == 204
    assert CachedLicense.objects.filter(decision__isnull=False).count() == 51
