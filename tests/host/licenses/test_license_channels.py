"""Every channel to an app says what the one cached decision says, in any state; an absent edition is absent everywhere.

Each channel is read here as a naive app would read it: the query of an address, the claims of a token, a JSON body.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import msgspec
import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.host.conftest import APP_KEY, DAY
from tests.host.licenses.licenseworld import LicenseWorld, policies

from tradepost.core.signing import query_hash
from tradepost.foundation.clock import machine_now
from tradepost.host.installing.secrets import secret_in_force
from tradepost.host.licenses.models import CachedLicense
from tradepost.host.product.actors import actor_of
from tradepost.host.product.administration import create_project
from tradepost.host.product.commands import create_issue
from tradepost.host.upgrading.lifecycle import LifecycleEvent
from tradepost.host.upgrading.queueing import CallCause, queue_calls
from tradepost.host.webhooks.commands import send_test_event
from tradepost.sdk.requests import sign_request
from tradepost.wire.licenses import LicenseDecision, TokenTold

STATES = ("none", "trial", "trial_expired", "active", "cancelled", "expired", "a word of tomorrow")
EDITIONS = (None, "standard", "advanced", "platinum")
KINDS = (None, "commercial", "academic", "community", "developer", "tomorrow")
TEXTS = st.one_of(st.none(), st.just(""), st.text("abc-123", min_size=1, max_size=12))


@dataclass(frozen=True)
class Seen:
    """What an app read on one channel. `edition` is None where the channel did not have the word."""

    channel: str
    active: bool | None
    edition: str | None


@pytest.fixture
def busy(house: LicenseWorld) -> LicenseWorld:
    """The house with an issue, on whose page the app has panels; the marketplace answers no more."""
    actor = actor_of(house.site, house.world.admins[house.site.pk].user)
    create_project(house.site, key="KEY", name="Keys", by=actor, now=house.now)
    create_issue("KEY", summary="One", by=actor, now=house.now)
    house.work()
    house.market.trouble = "down"
    return house


@st.composite
def decisions(draw: Any) -> dict[str, Any]:
    """What a marketplace may say, and some of what it never should."""
    token = draw(st.booleans())
    told = TokenTold(prefix="tpa_abcd", simulated="ACTIVE_TRIAL", edition="standard") if token else None
    return {
        "state": draw(st.sampled_from(STATES)),
        "active": draw(st.booleans()),
        "exists": draw(st.booleans()),
        "evaluation": draw(st.booleans()),
        "kind": draw(st.sampled_from(KINDS)),
        "edition": draw(st.sampled_from(EDITIONS)),
        "entitlement_id": draw(TEXTS),
        "entitlement_number": draw(TEXTS),
        "support_number": draw(TEXTS),
        "token": told,
    }


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    said=decisions(), days=st.sampled_from([0, 6, 7, 30]), keeps=st.booleans(), calls=st.booleans(), paid=st.booleans()
)
def test_every_channel_says_what_the_one_cached_decision_says(
    busy: LicenseWorld, said: dict[str, Any], days: int, *, keeps: bool, calls: bool, paid: bool
) -> None:
    house = busy
    _put(house, said, days=days, paid=paid)
    is_there = paid and said["exists"]
    is_over = days >= 7
    active = is_there and said["active"] and not is_over
    edition = said["edition"] if is_there and (keeps or not is_over) else None
    capability = {"standard": "capabilityStandard", "advanced": "capabilityAdvanced"}.get(edition or "")

    with policies(expired_keeps_edition=keeps, license_on_calls=calls):
        issue_page, entry = _issue_page(house), _entry(house)
        seen = [*_seen(house, issue_page, entry, calls=calls)]

    wrong = [each for each in seen if each.active not in {None, active} or each.edition != capability]
    assert wrong == []
    assert {each.channel for each in seen} >= {"frame", "page context", "bridge frame", "installed body", "entry"}
    license_told = entry.get("license")
    assert (license_told is not None) == is_there
    if license_told is not None:
        assert license_told["active"] == active
        assert license_told["type"] == (said["kind"] if said["kind"] in KINDS[1:5] else "commercial").upper()
        assert license_told.get("entitlementId") == (said["entitlement_id"] or None)
        assert license_told.get("supportEntitlementNumber") == (said["support_number"] or None)
    assert _shown(issue_page) == {"plain"} | _expected_panels(active=active, capability=capability)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(news=st.lists(decisions(), min_size=1, max_size=6))
def test_the_event_is_told_once_per_change_that_an_app_sees_and_says_what_its_entry_says(
    house: LicenseWorld, news: list[dict[str, Any]]
) -> None:
    house.ears.calls.clear()
    seen = [_entry(house).get("license")]
    for said in news:
        house.push(house.market.decide(house.site.pk, **said))
        house.work()
        if seen[-1] != (told := _entry(house).get("license")):
            seen.append(told)

    assert [each.get("license") for each in house.ears.bodies("/hooks/license")] == seen[1:]


def _expected_panels(*, active: bool, capability: str | None) -> set[str]:
    by_edition = {"capabilityStandard": "standard", "capabilityAdvanced": "advanced"}
    return ({"licensed"} if active else set()) | ({by_edition[capability]} if capability else set())


def _put(house: LicenseWorld, said: dict[str, Any], *, days: int, paid: bool) -> None:
    """Let this be what was cached so many days ago."""
    told = {name: value for name, value in said.items() if name != "token"}
    decision = msgspec.convert({"site": house.site.pk, "app": APP_KEY, "revision": 1} | told, LicenseDecision)
    CachedLicense.objects.update(
        decision=msgspec.to_builtins(msgspec.structs.replace(decision, token=said["token"])),
        answered_at=house.now - days * DAY,
        fresh_until=house.now,
    )
    type(house.installation().running).objects.update(paid=paid)


def _seen(house: LicenseWorld, issue_page: str, entry: dict[str, Any], *, calls: bool) -> Iterator[Seen]:
    """Ask every channel now."""
    client = house.client()
    facts, context = _page(client, house)
    yield _of_address("frame", facts["url"])
    yield Seen("page context", facts["context"]["license"]["active"], _word(facts["context"]["license"]))
    url = next(each["url"] for each in _scripts(issue_page) if each.get("module") == "plain")
    yield _of_address("panel", url)
    inside = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))["inside"]
    yield Seen("inline condition", inside == "true", _of_address("", url).edition)
    asked = _bridge(client, facts, context, "frame", module="page")
    yield _of_address("bridge frame", asked["url"])
    answer = _bridge(client, facts, context, "request", url=f"/rest/atlassian-connect/1/addons/{APP_KEY}")
    yield _of_object("entry by the page", json.loads(answer["body"]).get("license"))
    yield _of_object("entry", entry.get("license"))
    yield from _calls(house, calls=calls)


def _calls(house: LicenseWorld, *, calls: bool) -> Iterator[Seen]:
    """A lifecycle call and a webhook, made now: their bodies, and their addresses where the operator wants it."""
    house.ears.calls.clear()
    installation = house.installation()
    with transaction.atomic():
        queue_calls([installation], LifecycleEvent.INSTALLED, cause=CallCause.REPLAY, by="", now=house.now)
    send_test_event(
        house.site.pk, "project_created", app_key=APP_KEY, payload={}, by=house.world.operator, now=house.now
    )
    house.work()
    [body] = house.ears.bodies("/installed")
    yield Seen("installed body", None, _word(body))
    _no_emptiness(body, ("entitlementId", "entitlementNumber", "serviceEntitlementNumber"))
    for path in ("/installed", "/hooks/project"):
        [url] = house.ears.urls(path)
        if calls:
            yield _of_address(path, url)
            _check_signed(house, url, path)
        else:
            assert urlsplit(url).query == ""


def _check_signed(house: LicenseWorld, url: str, path: str) -> None:
    """The token of a call is bound to its whole address."""
    request = next(each for each in house.ears.calls if each.url == url)
    token = dict(request.headers)["Authorization"].removeprefix("JWT ")
    told = jwt.decode(token, options={"verify_signature": False})
    assert told["qsh"] == query_hash("POST", path, urlsplit(url).query)


def _of_address(channel: str, url: str) -> Seen:
    query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    assert query["lic"] in {"active", "none"}
    told = {"capabilitySet": query["capSet"]} if "capSet" in query else {}
    return Seen(channel, query["lic"] == "active", _word(told))


def _of_object(channel: str, told: dict[str, Any] | None) -> Seen:
    if told is None:
        return Seen(channel, active=False, edition=None)
    _no_emptiness(told, tuple(told))
    return Seen(channel, told["active"], _word(told))


def _word(told: dict[str, Any]) -> str | None:
    """Absent is absent: neither null nor empty."""
    if "capabilitySet" not in told:
        return None
    assert told["capabilitySet"], "there, and empty"
    return str(told["capabilitySet"])


def _no_emptiness(told: dict[str, Any], names: tuple[str, ...]) -> None:
    assert [name for name in names if name in told and told[name] in ("", None)] == []


def _page(client: Client, house: LicenseWorld) -> tuple[dict[str, Any], dict[str, Any]]:
    """What stands in the app's own page for its frame, and for the scripts around it."""
    found = _scripts(client.get(f"/{house.site.name}/plugins/servlet/ac/{APP_KEY}/page").content.decode())
    return next(each for each in found if each.get("module") == "page"), next(each for each in found if "csrf" in each)


def _scripts(page: str) -> list[dict[str, Any]]:
    texts = re.findall(r'<script id="[^"]+" type="application/json">(.*?)</script>', page, re.DOTALL)
    return [json.loads(html.unescape(each)) for each in texts]


def _issue_page(house: LicenseWorld) -> str:
    return house.client().get(f"/{house.site.name}/browse/KEY-1").content.decode()


def _shown(issue_page: str) -> set[str]:
    return set(re.findall(r'class="app-panel" data-app="demo" data-module="([a-z]+)"', issue_page))


def _bridge(
    client: Client, facts: dict[str, Any], context: dict[str, Any], question: str, **told: Any
) -> dict[str, Any]:
    body = json.dumps({"ticket": facts["ticket"], **told})
    answer = client.post(f"{context['bridge']}{question}", body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def _entry(house: LicenseWorld) -> dict[str, Any]:
    path = f"/rest/atlassian-connect/1/addons/{APP_KEY}"
    signed = sign_request(
        "GET", f"{house.site.base_url}{path}", app_key=APP_KEY, shared_secret=secret_in_force(house.installation()),
        now=machine_now(), context_path=house.site.context_path,
    )  # fmt: skip
    answer = Client().get(f"{house.site.context_path}{path}", headers={"Authorization": signed})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found
