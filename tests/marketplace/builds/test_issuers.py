"""Asking an issuer for its keys: seldom, within limits, and as far as our operator trusts it and no further."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.marketplace.builds.conftest import let_operator_trust
from tests.marketplace.builds.issuing import DISCOVERY, KEYS, MARKETPLACE, NOW, OTHER_RSA_KEY, RSA_KEY, Issuer
from tests.marketplace.vendors import send

from tradepost.foundation import outgoing
from tradepost.foundation.configuration import configuration
from tradepost.foundation.outgoing import AddressRules, GuardedClient
from tradepost.marketplace.builds import identities, issuers
from tradepost.marketplace.builds.identities import RefusedIdentityError
from tradepost.marketplace.builds.issuers import IssuerError

SECOND = timedelta(seconds=1)


def verify(token, *, now=NOW):
    return identities.verify(token, audience=MARKETPLACE, now=now)


def refusal(token, *, now=NOW):
    with pytest.raises(RefusedIdentityError) as caught:
        verify(token, now=now)
    return str(caught.value)


def problem(issuer):
    with pytest.raises(IssuerError) as caught:
        issuers.fetch_keys(issuer.url)
    return str(caught.value)


def asked(issuer):
    return [path for path, _ in issuer.asked]


def test_keys_are_asked_for_once_in_some_minutes(issuer):
    for number in range(20):
        verify(issuer.sign(number=number))
    assert asked(issuer) == [DISCOVERY, KEYS]

    later = NOW + issuers.KEPT_FOR
    verify(issuer.sign(now=later), now=later)
    assert issuer.count(KEYS) == 2


def test_a_key_that_is_new_is_fetched_and_one_taken_back_ends(issuer):
    verify(issuer.sign())
    issuer.publish({"new": (OTHER_RSA_KEY, "RS256")})
    soon = NOW + issuers.ASKED_EVERY

    assert verify(issuer.sign(kid="new", key=OTHER_RSA_KEY), now=soon).claims
    assert "no such key" in refusal(issuer.sign(), now=soon)
    assert issuer.count(KEYS) == 2


def test_a_key_whose_id_is_given_to_another_is_good_until_the_keys_are_read_again(issuer):
    verify(issuer.sign())
    issuer.publish({"RS256": (OTHER_RSA_KEY, "RS256")})

    assert verify(issuer.sign(number=2), now=NOW + issuers.KEPT_FOR - SECOND).claims
    later = NOW + issuers.KEPT_FOR
    assert "signature" in refusal(issuer.sign(now=later), now=later)
    assert verify(issuer.sign(key=OTHER_RSA_KEY, now=later), now=later).claims


def test_however_many_unknown_keys_strangers_name_the_issuer_is_asked_once_in_a_while(issuer):
    for number in range(50):
        assert "no such key" in refusal(issuer.sign(kid=f"made up {number}"))
    assert issuer.count(KEYS) == 1

    for number in range(50):
        refusal(issuer.sign(kid=f"made up {number}"), now=NOW + issuers.ASKED_EVERY)
    assert issuer.count(KEYS) == 2
    assert verify(issuer.sign()).claims


def test_an_issuer_that_is_down_is_asked_once_in_a_while_and_is_back_afterwards(issuer):
    issuer.serves[KEYS] = 503
    for _ in range(20):
        assert refusal(issuer.sign()) == "The issuer, asked for its keys, answered with status 503."
    assert issuer.count(KEYS) == 1

    issuer.publish({"RS256": (RSA_KEY, "RS256")})
    assert verify(issuer.sign(), now=NOW + issuers.ASKED_EVERY).claims


def test_keys_that_are_known_stay_while_asking_for_an_unknown_one_fails(issuer):
    verify(issuer.sign())
    issuer.serves[KEYS] = 503
    soon = NOW + issuers.ASKED_EVERY

    assert "status 503" in refusal(issuer.sign(kid="unknown"), now=soon)
    assert verify(issuer.sign(number=2), now=soon).claims


def test_many_builds_at_once_ask_the_issuer_once(issuer):
    tokens = [issuer.sign(number=number) for number in range(6)]
    results = []
    threads = [threading.Thread(target=lambda each=each: results.append(verify(each))) for each in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(results) == 6
    assert asked(issuer) == [DISCOVERY, KEYS]


def test_a_slow_issuer_holds_up_only_so_many(issuer, monkeypatch):
    monkeypatch.setattr(issuers, "SECONDS", 1.0)
    monkeypatch.setattr(issuers, "MOST_WAITING", 2)
    issuer.serves[DISCOVERY] = lambda _: issuer.stop.wait(5)
    results = []
    token = issuer.sign()
    threads = [threading.Thread(target=lambda: results.append(refusal(token))) for _ in range(6)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert time.monotonic() - began < 4
    assert sum("many wait for it already" in each for each in results) == 4
    assert sum("did not finish its answer" in each for each in results) == 2
    assert issuer.count(DISCOVERY) == 1


def redirect(handler, place):
    send(handler, b"", status=302, Location=place)


@pytest.mark.parametrize("path", [DISCOVERY, KEYS])
def test_redirects_are_not_followed(issuer, path):
    kept = issuer.serves[path]
    issuer.serves["/moved"] = kept
    issuer.serves[path] = lambda handler: redirect(handler, f"{issuer.url}/moved")

    assert problem(issuer) == "The issuer, asked for its keys, answered with status 302."
    assert issuer.count("/moved") == 0


@pytest.mark.parametrize("name", ["http://127.0.0.1", "{url}/", "{url}/other", "HTTP://127.0.0.1", None, 7, ["{url}"]])
def test_an_issuer_that_calls_itself_something_else_is_none(issuer, name):
    told = name.format(url=issuer.url) if isinstance(name, str) else name
    issuer.serves[DISCOVERY] = {"issuer": told, "jwks_uri": f"{issuer.url}{KEYS}"}

    assert "calls itself something else" in problem(issuer)


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        7,
        "/keys",
        "ftp://127.0.0.1/keys",
        "file:///etc/passwd",
        "http://192.0.2.1/keys",
        "https://a:b@x.example/",
    ],
)
def test_keys_lie_at_an_https_address_or_nowhere(issuer, address):
    issuer.serves[DISCOVERY] = {"issuer": issuer.url, "jwks_uri": address}

    assert "does not say, with an https address" in problem(issuer)


@pytest.mark.parametrize(
    ("path", "served", "text"),
    [
        (KEYS, b" " * (issuers.MOST_KEYS_BYTES + 1), "cannot be asked"),
        (KEYS, b"[]", "cannot be read"),
        (KEYS, b"{", "cannot be read"),
        (KEYS, b'{"keys": 1}', "does not publish a list"),
        (KEYS, b'{"keys": {}}', "does not publish a list"),
        (KEYS, b'{"keys": [' + b"1," * 100 + b"1]}", "does not publish a list"),
        (KEYS, b'{"keys": ' + b"[" * 60_000 + b"]" * 60_000 + b"}", "cannot be read"),
        (DISCOVERY, b" " * (issuers.MOST_DISCOVERY_BYTES + 1), "cannot be asked"),
        (DISCOVERY, b"null", "cannot be read"),
        (DISCOVERY, 404, "answered with status 404"),
    ],
)
def test_nonsense_is_no_answer(issuer, path, served, text):
    issuer.serves[path] = served

    assert text in problem(issuer)


def test_an_issuer_may_be_private_but_another_address_of_its_keys_is_called_like_a_strangers(issuer, monkeypatch):
    """Outside development an issuer has https; the exception from the rules holds for its origin alone."""
    strict = GuardedClient(AddressRules())
    with Issuer() as elsewhere, outgoing.replace(strict):
        assert issuers.fetch_keys(issuer.url)
        issuer.serves[DISCOVERY] = {"issuer": issuer.url, "jwks_uri": f"{elsewhere.url}{KEYS}"}

        assert "cannot be asked" in problem(issuer)
        assert elsewhere.asked == []
    strict.close()


@pytest.mark.parametrize(
    ("named", "is_development", "is_taken"),
    [
        ("https://issuer.example", False, True),
        ("https://10.0.0.7:8443/realms/builds", False, True),
        ("http://127.0.0.1:9000", True, True),
        ("http://localhost:9000", True, True),
        ("http://127.0.0.1:9000", False, False),
        ("http://issuer.example", True, False),
        ("https://user:secret@issuer.example", False, False),
        ("https://issuer.example#part", False, False),
        ("https://", False, False),
        ("https://[", False, False),
        ("issuer.example", False, False),
    ],
)
def test_an_issuer_has_an_https_address_or_is_on_the_machine_of_a_developer(
    monkeypatch, named, is_development, is_taken
):
    changed = replace(configuration, identity_issuers=(named,), development=is_development)
    monkeypatch.setattr(issuers, "configuration", changed)

    assert issuers.accepted_issuers() == ((named,) if is_taken else ())


def test_an_issuer_whose_address_ends_with_a_slash_is_found_below_it(issuer, monkeypatch):
    named = f"{issuer.url}/realm/"
    issuer.serves[f"/realm{DISCOVERY}"] = {"issuer": named, "jwks_uri": f"{issuer.url}{KEYS}"}
    let_operator_trust(monkeypatch, named)

    assert verify(issuer.sign(iss=named)).issuer == named
