"""Draws docs/reference/license-channels.md: on which channels an app hears of its license, and in which words."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from textwrap import fill
from typing import Any

from tradepost.core.edition import Edition
from tradepost.core.license import UNLICENSED, License, LicenseType
from tradepost.core.states import LicenseState
from tradepost.foundation.configuration import Policy
from tradepost.host.licenses import caching, jobs, spelling
from tradepost.wire.licenses import SIGNATURE_SECONDS

HEAD = """# How an app hears of its license

Drawn from the code by `python -m tradepost.testing.draw`; a test fails when this page is out of date.

A site keeps what the marketplace decided last about each of its apps. Every channel to the app derives from that one
decision, so at any moment all channels say the same, and all of one page is of one moment. What a site has no edition
or number of is absent on every channel: there is no null and no empty text.
"""

CHANNELS: tuple[tuple[str, str, str], ...] = (
    ("The address of every frame", "`lic`, `capSet`", "always"),
    ("The context of the page's scripts (`AP.context.getContext`)", "`license`", "always"),
    ("Conditions of modules, also inside addresses", "`addon_is_licensed`, `capability_set`", "always"),
    ("The app's own entry, `GET {site}/rest/atlassian-connect/1/addons/{key}`", "`license`", "always"),
    (
        "Bodies of `installed`, `enabled`, `disabled`, `uninstalled`",
        "`capabilitySet`, `entitlementId`, `entitlementNumber`, `serviceEntitlementNumber`",
        "always",
    ),
    ("The webhook `license.changed`", "`license`", "to an app that declares it"),
    (
        "The addresses of webhooks and lifecycle calls, which are signed with it",
        "`lic`, `capSet`",
        "with `TRADEPOST_POLICY_LICENSE_ON_CALLS`",
    ),
    ("`installed` once more, when the edition changes", "as above", "with `TRADEPOST_POLICY_LIFECYCLE_ON_SWITCH`"),
)

_NUMBERS: Mapping[str, Any] = {
    "kind": LicenseType.COMMERCIAL,
    "entitlement_id": "f2b0…",
    "entitlement_number": "E-2026-7",
    "support_number": "SEN-7",
}
SITUATIONS: Mapping[str, License] = {
    "A trial; on original billing, or no edition was ever chosen": License(
        active=True, exists=True, state=LicenseState.TRIAL, evaluation=True, **_NUMBERS
    ),
    "A subscription of Advanced": License(
        active=True, exists=True, state=LicenseState.ACTIVE, edition=Edition.ADVANCED, **_NUMBERS
    ),
    "Back on Standard": License(
        active=True, exists=True, state=LicenseState.ACTIVE, edition=Edition.STANDARD, **_NUMBERS
    ),
    "Advanced, which has expired": License(
        exists=True, state=LicenseState.EXPIRED, edition=Edition.ADVANCED, **_NUMBERS
    ),
    "No license, or a free version": UNLICENSED,
}


RULES = """It is asked for anew {cache} after the last answer, or sooner where time alone changes it: by the first
page, call or REST request that needs it, with one request for all apps of the site. Whatever the marketplace changes it
pushes, so this rarely matters.

A page waits {wait} for the marketplace at most, and after a failure nobody asks for {hold}.

While the marketplace does not answer, its last decision stands: also past the end of a trial or period that it has
told of, for it may have been paid meanwhile.

After {stands} without an answer the license is inactive, and says why.

Where nobody looks, it is asked for within {unseen}, many apps in one request, and again {pause} after a failure.

A free version is never licensed, whatever the marketplace knows. Of an app that a site has by its address the
marketplace is asked only once it has decided about it, by an access token.

Installing a version that costs something, or upgrading to the first such version, asks before the app is called, so
that `installed` tells of the trial that began. While the marketplace is down the app is installed without a license
and hears of it later.

`license.changed` is told once for every change that the app can see; an app that is switched off hears of it when it
is on again. Its body is `timestamp`, `webhookEvent`, `key`, `clientKey` and `license`, which is absent where there is
none. Like all webhooks it needs the scope `READ`.

A push is signed, by clocks that differ by no more than {clock}. Old news is known by its revision and changes
nothing."""


def draw() -> str:
    """Return the text of the page."""
    return "\n".join([HEAD, *_channels(), *_words(), *_rules()])


def _channels() -> Iterator[str]:
    yield "## The channels\n"
    yield from _table(("channel", "its words", "when"), CHANNELS)


def _words() -> Iterator[str]:
    yield "\n## What they say\n"
    for name, found in SITUATIONS.items():
        lines = [
            f"in an address    {'&'.join('='.join(pair) for pair in spelling.address_parameters(found))}",
            f"in a page        {_json(spelling.page_license(found))}",
            f"in the entry     {_json(spelling.license_object(found)) if spelling.license_object(found) else 'absent'}",
            f"in a call        {_json(spelling.lifecycle_fields(found)) if found.exists else 'nothing of it'}",
        ]
        yield "\n".join([f"### {name}\n", "```text", *lines, "```\n"])


def _rules() -> Iterator[str]:
    policy = Policy()
    yield "## How long a decision counts\n"
    told = RULES.format(
        cache=_span(policy.license_cache),
        stands=_span(policy.license_stands),
        wait=f"{caching.PAGE_SECONDS:g} seconds",
        hold=_span(caching.HOLD_OFF),
        unseen=_span(caching.UNSEEN_INTERVAL),
        pause=_span(jobs.PAUSE),
        clock=_span(timedelta(seconds=SIGNATURE_SECONDS)),
    )
    for line in told.split("\n\n"):
        yield fill(line.replace("\n", " "), 119, initial_indent="* ", subsequent_indent="  ", break_on_hyphens=False)
    yield ""


def _span(span: timedelta) -> str:
    for unit, name in ((timedelta(days=1), "days"), (timedelta(hours=1), "hours"), (timedelta(minutes=1), "minutes")):
        if span >= unit and not span % unit:
            return f"{span // unit} {name}"
    return f"{span.total_seconds():g} seconds"


def _json(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
