"""Messages about licenses and tokens that no host service of ours sends: refused in words, never an error of ours."""

import pytest
from tests.marketplace.conftest import START
from tests.marketplace.tokens.holders import BY, Holder
from tests.marketplace.wire_client import APP, site_id

from tradepost.marketplace.hosts import commands as hosts
from tradepost.marketplace.tokens.models import AccessToken

pytestmark = pytest.mark.django_db

SITE = str(site_id(1))
WISH = {"site": SITE, "app": APP, "wish": "trial", "revision": 0, "by": BY}
BAD = {
    "apply": [
        {"site": SITE, "token": "tpa_" + "x" * 197, "by": BY},
        {"site": SITE, "token": "tpa_\0xxxxxxxxx", "by": BY},
        {"site": SITE, "token": ["tpa_12345678"], "by": BY},
        {"site": SITE, "token": "tpa_12345678é\u202e", "by": BY},
        {"site": SITE, "token": "tpa_12345678", "by": "\0"},
        {"site": SITE, "token": "tpa_12345678", "by": ""},
        {"site": "x", "token": "tpa_12345678", "by": BY},
        {"site": SITE, "token": "tpa_12345678", "by": BY, "app": "../x"},
    ],
    "remove": [{"site": SITE, "app": APP, "by": "x" * 255}, {"site": SITE, "app": "\0", "by": BY}],
    "simulate": [
        {"site": SITE, "app": APP, "by": BY, "simulated": "\0"},
        {"site": SITE, "app": APP, "by": BY, "simulated": "x" * 201},
        {"site": SITE, "app": APP, "by": BY, "edition": "Gold"},
        {"site": SITE, "app": APP, "by": BY, "edition": {"a": 1}},
    ],
}
WISHES = [
    {**WISH, "revision": 2**70},
    {**WISH, "revision": -(2**70)},
    {**WISH, "revision": 1.5},
    {**WISH, "wish": "pay"},
    {**WISH, "by": "a\0b"},
    {**WISH, "wish": "switch", "edition": "x" * 21},
    {**WISH, "wish": "switch"},
]


@pytest.mark.parametrize(
    ("path", "message"),
    [(f"access-tokens/{what}", message) for what, messages in BAD.items() for message in messages]
    + [("licenses/wishes", message) for message in WISHES],
)
def test_a_message_out_of_the_contract_is_refused(holder, listing, path, message):
    holder.check((1, {APP: "1.0.0"}))

    answer = holder.post(f"/wire/1/{path}", message)

    assert 400 <= answer.status_code < 500, answer.content
    assert b"tpa_12345678" not in answer.content


@pytest.mark.parametrize("path", ["licenses", "licenses/wishes", "licenses/preview", "access-tokens/apply"])
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b'{"site": "\\ud800"}', b"1" * 5000]
)
def test_bytes_that_are_no_message_are_refused(holder, path, body):
    assert holder.post(f"/wire/1/{path}", body).status_code == 400


@pytest.mark.parametrize("site", [1, 2])
def test_a_host_service_does_nothing_to_sites_of_another(holder, other_holder, listing, owner, made, site):
    """Neither by the same identifier, nor with the secret that the other's site has used."""
    holder.check((1, {APP: "1.0.0"}))
    assert holder.apply(made.secret).status_code == 200
    before = AccessToken.objects.values().get()
    there, wish = str(site_id(site)), {**WISH, "site": str(site_id(site))}

    asked = other_holder.post("/wire/1/licenses", {"questions": [{"site": there, "app": APP}]}).json()
    answers = [
        other_holder.withdraw(site),
        other_holder.simulate(site, simulated="NONE"),
        other_holder.post("/wire/1/licenses/wishes", wish),
        other_holder.post("/wire/1/licenses/preview", {"site": there, "app": APP, "edition": "advanced"}),
        other_holder.apply(made.secret, site),
    ]

    assert (asked["decisions"], asked["unknown_sites"]) == ([], [there])
    assert {answer.status_code for answer in answers} <= {404, 409}
    assert not any(made.secret.encode() in answer.content or BY.encode() in answer.content for answer in answers)
    assert AccessToken.objects.values().get() == before
    assert other_holder.post("/wire/1/licenses", {"questions": [{"site": there, "app": APP}]}).json()["decisions"] == []
    assert other_holder.post("/wire/1/licenses/wishes", wish).status_code == 404


def test_a_host_that_was_revoked_and_one_without_credential_do_nothing(holder, host, operator, made, listing):
    hosts.revoke_host(host[0].pk, by=operator, now=START)
    for each in (holder, Holder(""), Holder("tph_" + "x" * 43), Holder("\u00e9")):
        answers = [each.apply(made.secret), each.withdraw(), each.simulate(), each.post("/wire/1/licenses", {})]
        assert {answer.status_code for answer in answers} == {401}
    assert not AccessToken.objects.exclude(site=None).exists()
