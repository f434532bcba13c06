"""Pushes that nobody of ours sends, or that say what cannot be kept: refused in words, and nothing changes."""

import json
from typing import Any

import msgspec
import pytest
from django.test import Client
from tests.host.licenses.licenseworld import LicenseWorld

from tradepost.foundation.clock import machine_now
from tradepost.foundation.secrets import hash_token, seal
from tradepost.host.licenses.deciding import license_of
from tradepost.host.licenses.models import CachedLicense
from tradepost.host.marketlink.models import MarketplaceLink
from tradepost.wire import licenses as wire


def body_of(house: LicenseWorld, **changes: Any) -> bytes:
    """A push that is right but for `changes`."""
    decision = msgspec.to_builtins(house.market.decide(house.site.pk, edition="advanced"))
    return json.dumps({"decisions": [decision | changes]}).encode()


BAD: dict[str, dict[str, Any]] = {
    "a revision that no column holds": {"revision": 2**63},
    "a revision below all": {"revision": -(2**63) - 1},
    "a number of users that is none": {"user_tier": 2**70},
    "a NUL character": {"reason": "a\0b"},
    "a NUL character in a token": {"token": {"prefix": "a\0", "simulated": "NONE", "edition": "standard"}},
    "a time without its zone": {"changes_at": "2026-03-02T12:00:00"},
    "an edition nobody knows": {"edition": "Gold!"},
    "a text that is endless": {"reason": "x" * 2001},
}


@pytest.mark.parametrize("name", BAD)
def test_a_signed_push_that_cannot_be_kept_is_refused(house: LicenseWorld, name: str) -> None:
    before = CachedLicense.objects.get().decision

    assert house.push(body=body_of(house, **BAD[name])).status_code == 400

    assert CachedLicense.objects.get().decision == before


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"decisions":' + b"[" * 100_000, b'{"decisions": [' + b"{}," * 501 + b"{}]}", b"", b"null"],
)
def test_a_signed_push_that_is_no_message_is_refused(house: LicenseWorld, body: bytes) -> None:
    at = int(machine_now().timestamp())
    signed = wire.signature(hash_token(house.market.credential), at=at, body=body)
    answer = Client().post("/wire/1/licenses", body, content_type="text/plain", headers={wire.SIGNATURE_HEADER: signed})
    assert answer.status_code == 400


def post(body: bytes, *signatures: str, **how: Any) -> int:
    """Send a push with any headers; several signatures arrive as the web server hands them on, joined."""
    answer = Client().post(
        "/wire/1/licenses", body, content_type="application/json", headers={wire.SIGNATURE_HEADER: ",".join(signatures)}
    )
    return answer.status_code


def test_neither_two_signatures_nor_another_spelling_of_one_is_taken(house: LicenseWorld) -> None:
    body, at = body_of(house), int(machine_now().timestamp())
    signed = wire.signature(hash_token(house.market.credential), at=at, body=body)
    forged = f"t={at},v1={'0' * 64}"

    for given in (
        (signed, signed), (forged, signed), (signed, forged), (signed.upper(),), (f" {signed}",), (f"{signed}\n",),
        (signed.replace("t=", "t=0"),), (signed.replace("t=", "t=+"),), (f"t={at},{signed}",), ("\u0663",),
        (signed.removesuffix(signed[-1]),),
    ):  # fmt: skip
        assert post(body, *given) == 401, given
    assert license_of(house.installation(), now=house.now).edition is None
    assert post(body[:-1], signed) == 401, "cut short"
    assert post(body, signed) == 204


def test_what_was_signed_for_the_credential_before_counts_no_more(house: LicenseWorld) -> None:
    body, at = body_of(house), int(machine_now().timestamp())
    before = wire.signature(hash_token(house.market.credential), at=at, body=body)
    MarketplaceLink.objects.update(sealed_credential=seal("tph_of-the-new-enrolment"))

    assert post(body, before) == 401
    assert post(body, wire.signature(hash_token("tph_of-the-new-enrolment"), at=at, body=body)) == 204


def test_a_credential_that_cannot_be_read_any_more_lets_nobody_in(house: LicenseWorld) -> None:
    MarketplaceLink.objects.update(sealed_credential="sealed with a key that is gone")
    assert house.push(body=body_of(house)).status_code == 401


def test_an_answer_that_cannot_be_kept_leaves_the_last_one_standing(house: LicenseWorld) -> None:
    before = CachedLicense.objects.get().decision
    house.market.decide(house.site.pk, reason="a\0b")
    house.later(house.row().fresh_until - house.now)  # type: ignore[operator]

    assert house.look().status_code == 200

    row = CachedLicense.objects.get()
    assert row.decision == before
    assert "not in the contract" in row.problem
