"""Messages about licenses and tokens that no host service of ours sends: refused in words, never an error of ours."""

import pytest
from tests.marketplace.tokens.holders import BY
from tests.marketplace.wire_client import APP, site_id

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
