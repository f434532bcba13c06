"""The chapters about licenses: what sites pay for, and what the app hears of it on every channel."""

import json
import urllib.request
from datetime import datetime, timedelta
from typing import Any

from tradepost.core.license_time import days_left
from tradepost.sdk.sample.told import branch_of
from tradepost.server.demo.cast import Cast, SiteEyes
from tradepost.server.demo.rest import SECONDS, AnswerError

SAID = {True: "active", False: "none"}
ADVANCED, STANDARD = "capabilityAdvanced", "capabilityStandard"
CHECK = timedelta(hours=24, minutes=2)


def offer_editions(cast: Cast) -> None:
    """The app gets editions: features are mapped, prices set, an operator looks; who has the app keeps what it is."""
    alpha = cast.site("alpha")
    cast.paper.check(
        cast.clock.wait_until(lambda: _license(cast, alpha)["state"] == "trial"),
        f"alpha is on trial since it took the paid version: {_days_left(cast, alpha)} days left",
    )
    cast.change("offer-editions")
    made = cast.clock.run_until(lambda: cast.newest()["number"] == "1.3.2", within=timedelta(hours=5, minutes=2))
    cast.paper.check(made is not None, "the vendor adds a panel for each edition: version 1.3.2")
    took = cast.clock.run_until(lambda: alpha.runs(cast.key) == "1.3.2", within=timedelta(hours=33))
    cast.paper.check(took is not None, "alpha runs 1.3.2")
    vendor = cast.vendor.get("/api/1/vendors")["items"][0]["id"]
    try:
        cast.vendor.put(f"/api/1/listings/{cast.key}/editions", _DRAFT)
    except AnswerError as error:
        cast.paper.tell(f"the vendor asks for editions too early: {_detail(error)}")
    cast.operator.put(f"/api/1/vendors/{vendor}/early-access", {"open": True})
    drafted = cast.vendor.put(f"/api/1/listings/{cast.key}/editions", _DRAFT)
    cast.paper.check(
        not drafted["missing"], "an operator opens editions to the vendor, who maps features and sets prices"
    )
    cast.vendor.put(f"/api/1/listings/{cast.key}/editions/submission")
    review = cast.waiting_review()
    assert review, "the editions wait for a review"
    decision = {"decision": "approve", "comment": "Both are described."}
    cast.operator.put(f"/api/1/reviews/{review['id']}/decision", decision)
    cast.clock.settle()
    cast.paper.check(
        cast.vendor.get(f"/api/1/listings/{cast.key}/editions")["live_at"], "Standard and Advanced are live"
    )
    _show(cast, alpha, "alpha is from before the editions, so it has none", active=True, edition=None)


def walk_through_a_license(cast: Cast) -> None:
    """One site pays, goes to Advanced, back to Standard, cancels, and runs out; the app hears each on every channel."""
    alpha = cast.site("alpha")
    row = _row(cast, alpha)
    paid = {"reference": "invoice-1", "period": "monthly", "user_tier": 25, "why": "paid by card"}
    cast.operator.post(f"/api/1/licenses/{row['id']}/payments", paid)
    cast.operator.post(f"/api/1/licenses/{row['id']}/payments", paid)
    bought = [each for each in _history(cast, row) if each["event"] == "bought"]
    cast.paper.check(len(bought) == 1, "a billing system says twice that alpha has paid, and it counts once")
    cast.paper.check(
        cast.clock.wait_until(lambda: _license(cast, alpha)["state"] == "active"), "alpha is told by a push"
    )
    _show(cast, alpha, "alpha pays, and has no edition yet", active=True, edition=None)

    preview = alpha.rest.get(_path(alpha, cast, "editions/advanced"))
    gained = ", ".join(each["name"] for each in preview["features_gained"])
    cast.paper.tell(f"the preview of Advanced: gains {gained}; {preview['price']}; at {preview['at']}")
    alpha.rest.put(_path(alpha, cast, "edition"), {"edition": "advanced", "revision": preview["revision"]})
    _show(cast, alpha, "alpha switches to Advanced, at once", active=True, edition=ADVANCED)

    seen = _license(cast, alpha)
    alpha.rest.put(_path(alpha, cast, "edition"), {"edition": "standard", "revision": seen["revision"]})
    license_ = _license(cast, alpha)
    ends = datetime.fromisoformat(license_["period_ends_at"])
    cast.paper.check(license_["next_edition"] == "standard", f"alpha asks for Standard, from {ends:%d %B %H:%M} on")
    cast.clock.leap(ends - timedelta(minutes=5))
    _show(cast, alpha, "five minutes before the end of the period nothing has changed", active=True, edition=ADVANCED)
    cast.clock.leap(ends)
    cast.paper.check(cast.clock.wait_until(lambda: _license(cast, alpha)["edition"] == "standard"), "the period ends")
    _show(cast, alpha, "alpha is back on Standard, and is still told so", active=True, edition=STANDARD)

    cast.operator.put(f"/api/1/licenses/{row['id']}/cancellation", {"why": "the budget"})
    cast.paper.check(cast.clock.wait_until(lambda: _license(cast, alpha)["state"] == "cancelled"), "alpha cancels")
    _show(cast, alpha, "what was paid for runs on", active=True, edition=STANDARD)
    cast.clock.leap(datetime.fromisoformat(_license(cast, alpha)["period_ends_at"]))
    cast.paper.check(cast.clock.wait_until(lambda: _license(cast, alpha)["state"] == "expired"), "and runs out")
    _show(
        cast, alpha, "alpha's license is over; the app still hears which edition it was", active=False, edition=STANDARD
    )
    for change in reversed(_history(cast, row)):
        cast.paper.tell(f"history: {change['event']} by {change['actor']}. {change['why']}")


def stay_on_original_billing(cast: Cast) -> None:
    """One site is billed as of old: its app never hears of an edition; a new customer has one from the first day."""
    beta, gamma = cast.site("beta"), cast.site("gamma")
    for site in (beta, gamma):
        asked = cast.clock.run_until(lambda site=site: site.request("waiting") is not None, within=CHECK)
        cast.paper.check(asked is not None, f"{site.name} still has to approve that the app costs something")
    customer = cast.operator.post("/api/1/customers", {"name": "Beta of old", "billing": "original"})
    row = _row(cast, cast.site("alpha"))
    cast.operator.post(f"/api/1/customers/{customer['id']}/sites", {"host": row["host"], "site": beta.site})
    for site in (beta, gamma):
        site.decide("approve")
    cast.clock.settle()
    cast.paper.check(beta.runs(cast.key) == gamma.runs(cast.key) == "1.3.2", "both approve, and their trials begin")
    _show(cast, beta, "beta is on original billing: no edition is shown", active=True, edition=None)
    _show(cast, gamma, "gamma came after the editions: Standard from its first day", active=True, edition=STANDARD)
    try:
        wish = {"edition": "advanced", "revision": _license(cast, beta)["revision"]}
        beta.rest.put(_path(beta, cast, "edition"), wish)
        cast.paper.check(holds=False, text="beta cannot switch")
    except AnswerError as error:
        cast.paper.check(error.status == 409, f"beta cannot switch: {_detail(error)}")


def try_with_a_token(cast: Cast) -> None:
    """The vendor tries the app on a test site by an access token: as Standard, as Advanced, as expired, and back."""
    beta = cast.site("beta")
    made = cast.vendor.post(f"/api/1/listings/{cast.key}/tokens", {"name": "our test site"})
    token = made["token"]
    cast.paper.tell(f"the vendor makes an access token; it is shown once, the list keeps {token[:8]}…")
    beta.rest.put(_path(beta, cast, "access-token"), {"token": token, "confirmed": True})
    _show(cast, beta, "beta uses it, and looks like a trial on Standard", active=True, edition=STANDARD)
    beta.rest.put(_path(beta, cast, "simulation"), {"edition": "advanced"})
    _show(cast, beta, "the edition switch of test sites: Advanced", active=True, edition=ADVANCED)
    beta.rest.put(_path(beta, cast, "simulation"), {"simulated": "INACTIVE_SUBSCRIPTION"})
    _show(cast, beta, "an expired subscription, simulated", active=False, edition=ADVANCED)
    beta.rest.delete(_path(beta, cast, "access-token"))
    _show(cast, beta, "without the token beta is what it was", active=True, edition=None)


CHAPTERS = (offer_editions, walk_through_a_license, stay_on_original_billing, try_with_a_token)

_DRAFT = {
    "revision": 0,
    "currency": "USD",
    "features": [
        {
            "name": "Notes",
            "text": "Notes beside every issue.",
            "editions": ["standard", "advanced"],
            "modules": ["notes-panel"],
        },
        {
            "name": "Colours",
            "text": "Notes in colour, with templates.",
            "editions": ["advanced"],
            "modules": ["advanced-panel"],
        },
    ],
    "prices": [
        {"edition": edition, "period": period, "per_user": price}
        for edition, period, price in (
            ("standard", "monthly", "1.50"),
            ("standard", "annual", "15.00"),
            ("advanced", "monthly", "3.00"),
            ("advanced", "annual", "30.00"),
        )
    ],
}


def _show(cast: Cast, site: SiteEyes, what: str, *, active: bool, edition: str | None) -> None:
    """Open the app's pages as the site's administrator, and print what the app saw on every channel."""
    host = cast.clock.host

    def saw() -> dict[str, tuple[bool, str | None]]:
        found: dict[str, tuple[bool, str | None]] = {}
        for module in ("told", "advanced-panel", "standard-panel"):
            asked = {"app": cast.key, "module": module, "user": site.email, "context": {"issue.key": "DEMO-1"}}
            shown = host.post(f"/api/1/sites/{site.site}/module-urls", asked)
            if shown["url"]:
                _open(shown["url"])
            if module == "told":
                found["context"] = (shown["license"]["active"], shown["license"].get("capabilitySet"))
            else:
                found[f"{module} shows"] = (bool(shown["url"]), None)
        told = cast.sample.get("/control/told")[site.itself()["base_url"]]
        for channel in ("address", "rest", "webhook", "lifecycle"):
            if channel in told:
                found[channel] = (told[channel]["active"], told[channel].get("edition"))
        return found

    def agrees() -> bool:
        seen = saw()
        now = [seen[name] for name in ("context", "address", "rest", *(["webhook"] if "webhook" in seen else []))]
        panels = (seen["advanced-panel shows"][0], seen["standard-panel shows"][0])
        return all(each == (active, edition) for each in now) and panels == _panels(active=active, edition=edition)

    agreed = cast.clock.wait_until(agrees)
    for channel, (is_on, named) in saw().items():
        if channel.endswith(" shows"):
            cast.paper.quote(f"{channel:<22} {'yes' if is_on else 'no'}")
        else:
            when = " (when it was called last)" if channel == "lifecycle" else ""
            cast.paper.quote(f"{channel:<22} {SAID[is_on]:<7} {named or 'no edition':<19} so: {branch_of(named)}{when}")
    cast.paper.check(agreed, what)


def _panels(*, active: bool, edition: str | None) -> tuple[bool, bool]:
    return active and edition == ADVANCED, active and edition != ADVANCED


def _open(url: str) -> None:
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310  the sample app's own address
        answer.read()


def _license(cast: Cast, site: SiteEyes) -> dict[str, Any]:
    found: dict[str, Any] = site.rest.get(_path(site, cast, "license"))
    return found


def _path(site: SiteEyes, cast: Cast, rest: str) -> str:
    return f"/api/1/sites/{site.site}/apps/{cast.key}/{rest}"


def _row(cast: Cast, site: SiteEyes) -> dict[str, Any]:
    """The license as the operator sees it."""
    rows: list[dict[str, Any]] = cast.operator.get(f"/api/1/licenses?app={cast.key}&site={site.site}")["items"]
    return rows[0]


def _history(cast: Cast, row: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cast.operator.get(f"/api/1/licenses/{row['id']}/history")["items"]
    return found


def _days_left(cast: Cast, site: SiteEyes) -> int:
    ends = _license(cast, site)["trial_ends_at"]
    return days_left(datetime.fromisoformat(ends), cast.clock.now()) if ends else 0


def _detail(error: AnswerError) -> str:
    """What a service answered, in its own words."""
    return str(json.loads(str(error).partition(": ")[2])["detail"])
