"""The chapters about deployments: from the command line to every site in minutes, and majors that wait for people."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tradepost.server.demo.cast import Cast, SiteEyes
from tradepost.server.demo.transcript import hours
from tradepost.server.demo.vendor_desk import Answer

MINUTES = timedelta(minutes=10)
SOON = timedelta(minutes=2)
"""Over how long the checks of sites are spread that hear of a new minor."""
CHECK = timedelta(hours=24, minutes=2)
CROSSING = timedelta(hours=120, minutes=2)
REFUSED_MAJOR = 3
"""The exit status of a deployment that would make a major version and was not told to."""


def move_to_deployments(cast: Cast) -> None:
    """The watched app becomes a deployed one under its own key: no right rises, so nobody is asked, within 120 h."""
    desk = cast.desk
    converted = desk.tradepost("convert", cast.descriptor_url)
    desk.write(converted.said["manifest"])
    cast.paper.tell("the vendor writes a manifest: tradepost convert <descriptor address>")
    registered = desk.tradepost("register", cast.listing()["name"])
    cast.paper.check(desk.manifest()["app"].get("id"), f"tradepost register: {registered.said['app_id']}")
    linted = desk.tradepost("lint", "manifest.yml", "--against", cast.descriptor_url, "--live", "1.3.2")
    cast.paper.check(not linted.said["against"]["consent"], "tradepost lint --against: no site will be asked")
    refused = desk.deploy()
    cast.paper.check(refused.status == REFUSED_MAJOR, "tradepost deploy: refused, since it would make version 2.0.0")
    _tell_reasons(cast, refused)
    made = desk.deploy("--approve-major", "--message", "From now on by deployments")
    _check_made(cast, made, "2.0.0")
    cast.paper.check(made.said["state"] == "in_review", "an operator looks: a public app changes how it is listed")
    _approve(cast, "The same app.")
    before = {site.email: len(cast.mails(site.email)) for site in cast.sites}
    alpha = cast.sites[0]
    waits = cast.clock.run_until(
        lambda: alpha.app(cast.key)["because"] == "turn" or alpha.runs(cast.key) == "2.0.0", within=CHECK
    )
    cast.paper.check(waits is not None, f"alpha: {alpha.app(cast.key)['text'] or 'its turn came first'}")
    took = cast.clock.run_until(lambda: _all_run(cast, cast.sites, "2.0.0"), within=CROSSING)
    cast.paper.check(took is not None, f"every site runs 2.0.0 after {hours(took or CROSSING)} (promised: 120 h)")
    asked = [site.email for site in cast.sites if len(cast.mails(site.email)) > before[site.email]]
    cast.paper.check(not asked, "nobody was asked")


def deploy_a_minor(cast: Cast) -> None:
    """A minor from a build: a deploy token that can do nothing else, and every site runs it minutes later."""
    desk = cast.desk
    for site in cast.sites:
        site.rest.put(f"/api/1/sites/{site.site}/window", {"window": "00:00-00:00"})
    cast.paper.tell("no site has a maintenance window from here on, which could hold it up for up to 4 h")
    app = _app(cast)
    key = cast.vendor.post(
        f"/api/1/deployed-apps/{app['id']}/deploy-tokens",
        {"environment": "production", "name": "build", "days": 30},
    )
    cast.paper.tell(f"the vendor makes a deploy token for builds; it is shown once: {key['token'][:10]}…")
    manifest = desk.manifest()
    manifest["app"]["description"] = "Keep notes right beside your issues, deployed."
    desk.write(manifest)
    _check_made(cast, desk.deploy("--message", "build 1", token=key["token"]), "2.1.0")
    other = desk.tradepost("deploy", "-e", "staging", "--non-interactive", token=key["token"])
    cast.paper.check(other.status != 0, "the same token can deploy to no other environment")
    took = _reaches(cast, cast.sites, "2.1.0")
    cast.paper.check(took is not None, f"every site runs 2.1.0 after {hours(took or MINUTES)}, outside its daily check")


def deploy_a_major(cast: Cast) -> None:
    """A major waits for people; a backport reaches exactly those who wait; a decline stands."""
    alpha, *others = cast.sites
    desk = cast.desk
    before = desk.manifest()
    more = desk.manifest()
    more["permissions"]["external"] = {"images": ["https://pictures.example"]}
    desk.write(more)
    refused = desk.deploy()
    cast.paper.check(refused.status == REFUSED_MAJOR, "pictures from another address would make version 3.0.0")
    _tell_reasons(cast, refused)
    _check_made(cast, desk.deploy("--approve-major"), "3.0.0")
    asked = cast.clock.run_until(lambda: all(s.request("waiting") for s in cast.sites), within=CHECK)
    cast.paper.check(asked is not None, "every site sees 3.0.0 at its next check and waits for its administrator")
    cast.paper.quote(cast.mail_text(cast.mails(alpha.email)[-1]))
    alpha.decide("approve")
    cast.clock.settle()
    cast.paper.check(alpha.runs(cast.key) == "3.0.0", "alpha approves and runs 3.0.0")
    before["app"]["description"] = "Keep notes beside your issues; a fix for those who wait."
    desk.write(before)
    _check_made(cast, desk.deploy("--major-version", "2", "--message", "backport"), "2.2.0")
    took = _reaches(cast, others, "2.2.0")
    cast.paper.check(took is not None, "the backport 2.2.0 reaches beta and gamma, while 3.0.0 goes on waiting")
    cast.paper.check(alpha.runs(cast.key) == "3.0.0", "alpha stays on 3.0.0")
    cast.paper.check(all(site.request("waiting") for site in others), "and what was asked of the others stays open")
    desk.write(more)


def bring_everybody_along(cast: Cast) -> None:
    """A bulk upgrade: a major without new rights, brought to those who did not answer, without asking."""
    _, *others = cast.sites
    desk = cast.desk
    manifest = desk.manifest()
    del manifest["permissions"]["external"]
    manifest["modules"] = {"webtrigger": [{"key": "hook", "function": "f"}], "function": [{"key": "f"}]}
    desk.write(manifest)
    _check_made(cast, desk.deploy("--approve-major", "--message", "no pictures from elsewhere any more"), "4.0.0")
    started = desk.tradepost("rollout", "start", "-e", "production", "--from", "2", "--non-interactive")
    cast.paper.check(started.status == 0, f"tradepost rollout start --from 2: {started.said['eligible']} sites")
    took = _reaches(cast, others, "4.0.0")
    cast.paper.check(took is not None, f"beta and gamma run 4.0.0 after {hours(took or MINUTES)}, and were not asked")
    cast.clock.settle()
    status = desk.tradepost("rollout", "status", started.said["id"]).said
    cast.paper.check(status["state"] == "completed", f"tradepost rollout status: {status['upgraded']} upgraded")


def let_code_go_ahead(cast: Cast) -> None:
    """A rolling release: new code on the sites, old permissions until somebody grants the new ones."""
    beta = cast.site("beta")
    desk = cast.desk
    manifest = desk.manifest()
    manifest["permissions"]["enforcement"] = "app-managed"
    manifest["permissions"]["scopes"] = [*manifest["permissions"]["scopes"], "write:connect-jira"]
    desk.write(manifest)
    _check_made(cast, desk.deploy("--approve-major"), "5.0.0")
    started = desk.tradepost("rollout", "start", "-e", "production", "--from", "4", "--non-interactive")
    cast.paper.check(started.said["kind"] == "rolling", "the app looks after its permissions: a rolling release")
    took = _reaches(cast, [beta], "5.0.0")
    cast.paper.check(took is not None, "beta runs the code of 5.0.0")
    app = beta.app(cast.key)
    cast.paper.check(app["granted"] == "4.0.0", "and still grants what 4.0.0 asked: the app may not write yet")
    beta.decide("approve")
    cast.clock.settle()
    cast.paper.check(beta.app(cast.key)["granted"] is None, "later its administrator grants the difference")


CHAPTERS = (move_to_deployments, deploy_a_minor, deploy_a_major, bring_everybody_along, let_code_go_ahead)


def _app(cast: Cast) -> dict[str, Any]:
    found: dict[str, Any] = cast.vendor.get("/api/1/deployed-apps")["items"][0]
    return found


def _check_made(cast: Cast, answer: Answer, number: str) -> None:
    made = answer.said if isinstance(answer.said, dict) else {}
    cast.paper.check(
        made.get("version") == number, f"tradepost deploy: version {number} {answer.complaint[:300]}".strip()
    )


def _tell_reasons(cast: Cast, refused: Answer) -> None:
    said = refused.said if isinstance(refused.said, dict) else {}
    for reason in said.get("problems", []):
        cast.paper.tell(f"because: {reason['text']} [{reason['rule']} line {reason.get('line')}]")


def _reaches(cast: Cast, sites: Sequence[SiteEyes], number: str) -> timedelta | None:
    """Wait until the sites' host was told, which takes seconds of nobody's story, then until they run the version."""

    def soon(site: SiteEyes) -> bool:
        due = datetime.fromisoformat(site.itself()["next_check_at"])
        return site.runs(cast.key) == number or due <= cast.clock.now() + SOON

    if not cast.clock.wait_until(lambda: all(soon(site) for site in sites)):
        return None
    return cast.clock.run_until(lambda: _all_run(cast, sites, number), within=MINUTES)


def _all_run(cast: Cast, sites: Sequence[SiteEyes], number: str) -> bool:
    return all(site.runs(cast.key) == number for site in sites)


def _approve(cast: Cast, comment: str) -> None:
    review = cast.waiting_review()
    cast.paper.check(review, "a review waits for an operator")
    assert review
    cast.operator.put(f"/api/1/reviews/{review['id']}/decision", {"decision": "approve", "comment": comment})
    cast.clock.settle()
