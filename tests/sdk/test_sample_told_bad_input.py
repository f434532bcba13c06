"""What people with a context token can send to the sample app: nothing of it may stay and break the app for others."""

import json

import jwt
import pytest
from tests.sdk.signing_host import SECRET
from tests.sdk.test_sample_licensed import opened, told

from tradepost.core.signing import CONTEXT_HASH

MARKUP = "</code><script>alert(1)</script>"


def report(sample, body, path="/told"):
    """What the script of a page sends, with the token of whoever looks at it."""
    claims = sample.claims(path) | {"qsh": CONTEXT_HASH}
    headers = {"Authorization": "JWT " + jwt.encode(claims, SECRET, algorithm="HS256")}
    return sample.ask("POST", path, body, headers)[0]


BAD = {
    "deep nesting": b'{"license": {"a": ' + b"[" * 900 + b"]" * 900 + b"}}",
    "deep nesting in the edition": b'{"license": {"capabilitySet": ' + b"[" * 900 + b"]" * 900 + b"}}",
    "very deep nesting": b'{"license": ' + b"[" * 9000 + b"]" * 9000 + b"}",
    "half a character": b'{"license": {"capabilitySet": "\\ud800"}}',
    "half a character in a name": b'{"license": {"\\ud800": 1}}',
    "not a number": b'{"license": {"a": NaN}}',
    "a huge number": b'{"license": {"a": ' + b"9" * 9000 + b"}}",
    "two of a name": b'{"license": {}, "license": {"active": true}}',
    "not UTF-8": b'{"license": "\xff"}',
    "too much": b'{"license": "' + b"x" * 20_000 + b'"}',
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_plain_json_is_refused_and_breaks_nothing(sample, name):
    sample.lifecycle("installed")

    assert report(sample, BAD[name]) in {400, 413}

    assert opened(sample, "/told", "lic=active")[0] == 200
    assert report(sample, {"license": {"active": True}}) == 200
    assert told(sample)["context"]["active"] is True


def test_a_token_for_pages_is_no_signature_of_an_event(sample):
    sample.lifecycle("installed")

    assert report(sample, {"license": {"active": True}}, "/license-changed") == 401
    assert "webhook" not in told(sample)


def test_markup_that_was_told_is_shown_as_text(sample):
    sample.lifecycle("installed")
    assert report(sample, {"license": {"capabilitySet": MARKUP, MARKUP: MARKUP}}) == 200

    status, _, page = opened(sample, "/told", "lic=active&capSet=%3Cscript%3Ealert(1)%3C%2Fscript%3E")

    assert status == 200
    assert b"<script>alert" not in page
    assert json.loads(json.dumps(told(sample)))["context"]["edition"] == MARKUP


@pytest.mark.parametrize("query", ["capSet=%ED%A0%80", "capSet=%FF", "lic=%00", "capSet=a&capSet=b"])
def test_an_address_with_strange_bytes_breaks_nothing(sample, query):
    sample.lifecycle("installed")

    assert opened(sample, "/told", query)[0] < 500
    assert opened(sample, "/told", "lic=active")[0] == 200
