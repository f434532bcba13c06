"""The story: from a vendor's change to sites that run it, chapter by chapter.

Every chapter acts through the REST APIs as one of the three roles, or as the vendor at their own server, and states
what it then saw. What was promised in hours is checked in hours of domain time.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from tradepost.server.demo import deployments, licenses
from tradepost.server.demo.cast import Cast, SiteEyes
from tradepost.server.demo.transcript import hours

POLL = timedelta(hours=5)
PROMISE = timedelta(hours=33)
CHECK = timedelta(hours=24)
WEEK = timedelta(days=7)
LATE = timedelta(minutes=2)
"""What working off the rows that are due may take on top, with a machine that is busy."""

Chapter = Callable[[Cast], None]


def list_and_publish(cast: Cast) -> None:
    """The vendor lists an app privately; it is reviewed and made public."""
    vendor = cast.vendor.get("/api/1/vendors")["items"][0]["id"]
    listed = cast.vendor.post("/api/1/listings", {"vendor": vendor, "descriptor_url": cast.descriptor_url})
    cast.paper.tell(f"{cast.vendor_email} lists {cast.descriptor_url}")
    cast.paper.check(listed["state"] == "private", f"{listed['name']} is listed privately")
    cast.paper.check(cast.newest()["number"] == "1.0.0", "its first version is 1.0.0, build 1000000")
    cast.vendor.put(f"/api/1/listings/{cast.key}/submission")
    _approve_review(cast, "Welcome.")
    cast.paper.check(cast.listing()["state"] == "public", "an operator reviewed it, and it is public")


def install_on_three_sites(cast: Cast) -> None:
    """Three sites install it; the app receives a signed call for each."""
    for site in cast.sites:
        details = site.rest.get(f"/api/1/sites/{site.site}/catalogue/{cast.key}")
        asked = " ".join(details["ask"]["sentences"]) or "nothing"
        cast.paper.tell(f"{site.email} reads what the app asks ({asked}) and installs it")
        answer = {"app": cast.key, "fingerprint": details["ask"]["fingerprint"]}
        site.rest.post(f"/api/1/sites/{site.site}/apps", answer)
    cast.clock.settle()
    for site in cast.sites:
        cast.paper.check(site.runs(cast.key) == "1.0.0", f"{site.name} runs 1.0.0")
    calls = [call for call in cast.calls_received() if call["event"] == "installed"]
    verified = [call for call in calls if call["verified"]]
    cast.paper.check(len(verified) == len(calls) == len(cast.sites), "the app verified three signed `installed` calls")


def change_a_panel(cast: Cast) -> None:
    """A changed panel: a patch, listed within 5 h, on every site within 33 h, and nobody was asked."""
    before = {site.email: len(cast.mails(site.email)) for site in cast.sites}
    cast.change("change-panel")
    cast.paper.tell("the vendor changes a panel in the descriptor")
    took = _wait_for_version(cast, "1.0.1")
    cast.paper.check(took <= POLL + LATE, f"version 1.0.1 was listed after {hours(took)} (promised: 5 h)")
    _show_reasons(cast, "1.0.1")
    rest = _wait_for_sites(cast, cast.sites, "1.0.1", within=PROMISE - took + LATE)
    cast.paper.check(rest, f"every site runs 1.0.1 after {hours(took + rest)} (promised: 33 h)")
    asked = [site.email for site in cast.sites if len(cast.mails(site.email)) > before[site.email]]
    cast.paper.check(not asked, "nobody was asked")
    left = cast.mails(cast.vendor_email, "1.0.0")
    cast.paper.check(left, "the vendor is told that the last site has left 1.0.0")


def deploy_code_only(cast: Cast) -> None:
    """New service code without a new descriptor: users see it at once, and no version is made."""
    cast.behave(code="2")
    cast.paper.tell("the vendor deploys new service code; the descriptor stays as it is")
    cast.clock.run_for(POLL + LATE)
    cast.paper.check(cast.newest()["number"] == "1.0.1", "polls go on, and make no version")


def ask_for_a_scope(cast: Cast) -> None:
    """A new scope: one administrator approves, one declines, one stays silent."""
    cast.change("add-scope")
    cast.paper.tell("the vendor asks for one more scope")
    _wait_for_version(cast, "1.1.0")
    _show_reasons(cast, "1.1.0")
    alpha, beta, gamma = cast.sites
    for site in cast.sites:
        asked = cast.clock.run_until(lambda site=site: site.request("waiting") is not None, within=CHECK + LATE)
        cast.paper.check(asked is not None, f"{site.name} checked and has a request that waits for its administrator")
    cast.clock.settle()
    for site in cast.sites:
        cast.paper.check(len(_requests_by_mail(cast, site)) == 1, f"{site.email} got one e-mail at once")
    cast.paper.quote(cast.mail_text(_requests_by_mail(cast, alpha)[0]))
    alpha.decide("approve")
    cast.clock.settle()
    cast.paper.check(alpha.runs(cast.key) == "1.1.0", "alpha approves and is upgraded at once")
    beta.decide("decline")
    cast.paper.check(beta.runs(cast.key) == "1.0.1", "beta declines and stays on 1.0.1")
    cast.clock.run_for(WEEK)
    cast.paper.check(gamma.runs(cast.key) == "1.0.1", "gamma stays silent, and stays on 1.0.1")
    cast.paper.check(len(_requests_by_mail(cast, gamma)) == 2, "gamma was reminded after a week")
    cast.paper.check(len(_requests_by_mail(cast, beta)) == 1, "beta was not")
    cast.paper.tell(f"why gamma is not on the newest version: {gamma.app(cast.key)['text']}")


def fix_a_typo_on_top(cast: Cast) -> None:
    """A typo fixed on top: the request follows the newest version, and nobody gets a second first mail."""
    alpha, beta, gamma = cast.sites
    mails = {site.name: len(_requests_by_mail(cast, site)) for site in cast.sites}
    cast.change("fix-typo")
    _wait_for_version(cast, "1.1.1")
    moved = cast.clock.run_until(
        lambda: (
            (gamma.request("waiting") or {}).get("version") == "1.1.1"
            and (beta.request("declined") or {}).get("version") == "1.1.1"
            and alpha.runs(cast.key) == "1.1.1"
        ),
        within=PROMISE,
    )
    cast.paper.check(moved is not None, "alpha runs 1.1.1; gamma's request is now for 1.1.1")
    cast.paper.check(beta.request("waiting") is None, "beta is not asked again: the same is asked of it")
    same = {site.name: len(_requests_by_mail(cast, site)) for site in cast.sites}
    cast.paper.check(same == mails, "no administrator got another mail")


def drop_the_scope(cast: Cast) -> None:
    """The scope is dropped again: the silent and the declining site catch up by themselves."""
    cast.change("drop-scope")
    cast.paper.tell("the vendor drops the scope again")
    _wait_for_version(cast, "1.2.0")
    took = _wait_for_sites(cast, cast.sites, "1.2.0", within=PROMISE)
    cast.paper.check(took, f"all sites run 1.2.0 after {hours(took)}; two jumped over what they never approved")
    cast.paper.check(all(site.request("waiting") is None for site in cast.sites), "nothing waits for anybody")


def become_paid(cast: Cast) -> None:
    """The app becomes paid: a review first, then consent again."""
    cast.change("make-paid")
    cast.paper.tell("the vendor turns the app into a paid one")
    _wait_for_version(cast, "1.3.0")
    cast.paper.check(cast.newest()["state"] == "in_review", "1.3.0 is made, but waits for a review: the price changed")
    cast.clock.run_for(timedelta(hours=6))
    cast.paper.check(not any(site.request("waiting") for site in cast.sites), "no site hears of it before")
    _approve_review(cast, "The price is stated clearly.")
    alpha = cast.sites[0]
    for site in cast.sites:
        asked = cast.clock.run_until(lambda site=site: site.request("waiting") is not None, within=CHECK + LATE)
        cast.paper.check(asked is not None, f"{site.name} is asked")
    request = alpha.request("waiting") or {}
    cast.paper.tell(f"what it says: {' '.join(request['sentences'])}")
    alpha.decide("approve")
    cast.clock.settle()
    cast.paper.check(alpha.runs(cast.key) == "1.3.0", "alpha approves and runs 1.3.0")


def break_things(cast: Cast) -> None:
    """The descriptor breaks, then the server is down: sites keep running, the vendor is told, polling recovers."""
    running = [site.runs(cast.key) for site in cast.sites]
    cast.behave(descriptor="broken")
    seen = cast.clock.run_until(lambda: cast.listing()["problem"] is not None, within=POLL + LATE)
    cast.paper.check(seen is not None, f"the broken descriptor is noticed: {cast.listing()['problem']['text']}")
    cast.clock.settle()
    cast.paper.check(cast.mails(cast.vendor_email, "descriptor"), "the vendor is told by mail")
    cast.behave(descriptor="down")
    starts: list[datetime] = []
    cast.clock.run_until(lambda: _note_start(cast, starts) and len(starts) >= 5, within=timedelta(hours=20))
    pauses = [hours(later - earlier) for earlier, later in pairwise(starts)]
    cast.paper.check(len(starts) >= 5, f"the server is down; polls back off: {', '.join(pauses)}")
    cast.paper.check(cast.listing()["degraded_at"], "the listing is marked degraded")
    cast.paper.check([site.runs(cast.key) for site in cast.sites] == running, "the sites keep running what they ran")
    cast.behave(descriptor="ok")
    back = cast.clock.run_until(lambda: cast.listing()["problem"] is None, within=POLL + LATE)
    cast.paper.check(back is not None, "the server is back; the next poll recovers")
    cast.paper.check(cast.newest()["number"] == "1.3.0", "and makes no version, for nothing has changed")


def wait_for_a_window(cast: Cast) -> None:
    """An upgrade that falls due inside a maintenance window waits for its end."""
    alpha = cast.sites[0]
    cast.change("change-panel")
    _wait_for_version(cast, "1.3.1")
    due = datetime.fromisoformat(alpha.itself()["next_check_at"])
    window, end = _window_around(due, zone=alpha.itself()["zone"])
    alpha.rest.put(f"/api/1/sites/{alpha.site}/window", {"window": window})
    cast.paper.tell(f"alpha must not be touched from {window}; its next check is at {due:%H:%M}")
    waits = cast.clock.run_until(lambda: alpha.app(cast.key)["because"] == "window", within=CHECK + LATE)
    cast.paper.check(waits is not None, f"alpha waits: {alpha.app(cast.key)['text']}")
    cast.paper.check(alpha.runs(cast.key) == "1.3.0", "and still runs 1.3.0")
    took = _wait_for_sites(cast, [alpha], "1.3.1", within=end - cast.clock.now() + LATE)
    cast.paper.check(took is not None, f"after the window's end at {end:%H:%M} UTC it runs 1.3.1")


def where_everybody_is(cast: Cast) -> None:
    """Where the story leaves everybody, as the vendor sees it."""
    cast.clock.settle()
    for row in cast.vendor.get(f"/api/1/listings/{cast.key}/sites")["items"]:
        cast.paper.tell(f"{row['name']}: runs {row['running']}, {row['state']}. {row['text']}")
    numbers = [version["number"] for version in reversed(cast.versions())]
    told = ["1.0.0", "1.0.1", "1.1.0", "1.1.1", "1.2.0", "1.3.0", "1.3.1", "1.3.2"]
    told += ["2.0.0", "2.1.0", "2.2.0", "3.0.0", "4.0.0", "5.0.0"]
    cast.paper.check(numbers == told, f"the versions of the story: {', '.join(numbers)}")


CHAPTERS: tuple[Chapter, ...] = (
    list_and_publish,
    install_on_three_sites,
    change_a_panel,
    deploy_code_only,
    ask_for_a_scope,
    fix_a_typo_on_top,
    drop_the_scope,
    become_paid,
    break_things,
    wait_for_a_window,
    *licenses.CHAPTERS,
    *deployments.CHAPTERS,
    where_everybody_is,
)


def _approve_review(cast: Cast, comment: str) -> None:
    review = cast.waiting_review()
    cast.paper.check(review, "a review waits for an operator")
    assert review
    cast.operator.put(f"/api/1/reviews/{review['id']}/decision", {"decision": "approve", "comment": comment})
    cast.clock.settle()


def _wait_for_version(cast: Cast, number: str) -> timedelta:
    took = cast.clock.run_until(lambda: cast.newest()["number"] == number, within=POLL + LATE)
    newest = cast.newest()
    cast.paper.check(took is not None, f"version {number} is listed ({newest['change']}, by {newest['made_by']})")
    assert took is not None
    return took


def _wait_for_sites(
    cast: Cast, sites: tuple[SiteEyes, ...] | list[SiteEyes], number: str, *, within: timedelta
) -> timedelta | None:
    return cast.clock.run_until(lambda: all(site.runs(cast.key) == number for site in sites), within=within)


def _show_reasons(cast: Cast, number: str) -> None:
    for reason in cast.version(number)["reasons"]:
        cast.paper.tell(f"because: {reason['text']} [{reason['rule']} {reason['pointer']}]")


def _requests_by_mail(cast: Cast, site: SiteEyes) -> list[dict[str, object]]:
    """Return the mails that ask this administrator, first ones and reminders."""
    return [message for message in cast.mails(site.email) if "Sample Notes" in message["subject"]]


def _note_start(cast: Cast, starts: list[datetime]) -> bool:
    """Keep the moment of the last poll where it is new."""
    text = cast.listing()["poll_started_at"]
    if text and (not starts or starts[-1] != datetime.fromisoformat(text)):
        starts.append(datetime.fromisoformat(text))
    return True


def _window_around(moment: datetime, *, zone: str) -> tuple[str, datetime]:
    """Return a window of two hours around a moment, in the zone's wall clock, and its end in UTC."""
    local = moment.astimezone(ZoneInfo(zone))
    start, end = local - timedelta(hours=1), (local + timedelta(hours=1)).replace(second=0, microsecond=0)
    return f"{start:%H:%M}-{end:%H:%M}", end.astimezone(UTC)
