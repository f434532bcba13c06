"""Draws docs/deployments.md: what a deployment makes, and what a site does with it, asked of the plan itself."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tradepost.core.consent import Ask, ConsentPolicy, Terms, what_is_asked
from tradepost.core.manifest import Manifest
from tradepost.core.manifest_release import decide_deployment, decide_first_deployment
from tradepost.core.plan import InstallationFacts, KnownVersion, Nothing, Plan, Rollout, Start, Wait, plan_upgrade
from tradepost.core.release import Release
from tradepost.core.schedule import SchedulePolicy
from tradepost.core.version import Version

HEAD = """# Deployments

A vendor deploys a manifest from the command line, and that makes a version. This page says which, and what each site
does with it; it is drawn from `src/tradepost/core/manifest_release.py` and `src/tradepost/core/plan.py` by `make docs`,
and a test fails when it is out of date. The rules that make a change major stand in
[manifest-rules.md](manifest-rules.md), the commands in [the how-to](howto/vendor-deploy.md).

A deployed app has versions `major.minor`, listed as `major.minor.0`, counted for each environment by itself. A
deployment always makes one. What one site runs of a deployed app is decided by three questions: is it of the major that
the site runs, has the site granted what it asks, and has the vendor started a rollout.
"""

NUMBERS = """## Numbers

| before | the manifest | makes | asks |
|---|---|---|---|"""

SITES = """## What a site does

*Runs* is the version whose code the site uses; *granted* the one whose permissions it has granted, where that is
another one. Minors of the major that a site runs never ask and never wait for a person. `Update now` and an approval
are an administrator's own acts: they go through at once.

| situation | runs | offered | what the site does |
|---|---|---|---|"""

TIMES = """## How soon

| what | when |
|---|---|"""

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
POLICY = ConsentPolicy()
SCOPES = ["read:jira-work"]
MORE = ["read:jira-work", "write:jira-work"]


@dataclass(frozen=True, slots=True)
class Situation:
    """One row: in words, and as the plan sees it."""

    words: str
    facts: InstallationFacts


def draw() -> str:
    """Return the page."""
    return "\n".join([HEAD, NUMBERS, *_numbers(), "", SITES, *_sites(), "", TIMES, *_times(), ""])


def _numbers() -> Iterator[str]:
    old, same = _manifest(SCOPES), _manifest(SCOPES, name="Another name")
    more = _manifest(MORE)
    yield _number("nothing", "is the first", decide_deployment(None, old))
    yield _number("1.4.0", "asks for nothing else", decide_deployment((Version(1, 4, 0), old), same))
    yield _number("1.4.0", "has one more scope", decide_deployment((Version(1, 4, 0), old), more))
    yield _number("2.0.0", "asks for nothing else", decide_deployment((Version(2, 0, 0), old), same))
    release = decide_first_deployment(Version(1, 4, 2), old)
    yield _number("1.4.2 of a descriptor", "is the first under its key", replace(release, reasons=()))
    yield "| 3.1.0, and 2.6.0 on older sites | is deployed with `--major-version 2` | 2.7.0 | no |"


def _number(before: str, what: str, release: Release) -> str:
    return f"| {before} | {what} | {release.version} | {'yes' if release.consent else 'no'} |"


def _manifest(scopes: list[str], *, name: str = "App") -> Manifest:
    return Manifest({"app": {"id": "app", "name": name}, "permissions": {"scopes": scopes}})


def _version(major: int, minor: int) -> KnownVersion:
    number = Version(major, minor, 0)
    return KnownVersion(str(number), number.order_key, Terms(frozenset(), paid=False, api_version=1, major=major))


def _watched(number: str) -> KnownVersion:
    return KnownVersion(number, Version.parse(number).order_key, Terms(frozenset(), paid=False, api_version=1))


def _situations() -> Iterator[Situation]:
    runs = InstallationFacts(running=_version(2, 3), newest=_version(2, 4))
    asked = what_is_asked(_version(2, 3).terms, _version(3, 1).terms, POLICY).fingerprint
    major = replace(runs, newest=_version(3, 1))
    yield Situation("A minor of its major", runs)
    yield Situation("A new major", major)
    yield Situation("A new major, and a minor of its own (a backport, or the last one before)",
                    replace(major, within=_version(2, 4)))  # fmt: skip
    yield Situation("The major was approved", replace(major, approved_asks=[asked], by_administrator=True))
    yield Situation("The major was declined", replace(major, declined=[asked]))
    yield Situation("The major was declined, and a minor of its own comes",
                    replace(major, declined=[asked], within=_version(2, 4)))  # fmt: skip
    yield Situation("The vendor started a rollout that gives no new right", replace(major, rollout=Rollout.BULK))
    yield Situation("The vendor started a rolling release, and the app looks after its permissions",
                    replace(major, rollout=Rollout.ROLLING))  # fmt: skip
    ahead = replace(major, running=_version(3, 0), granted=_version(2, 3))
    yield Situation("Its code is ahead, and a minor of that code comes", ahead)
    yield Situation("Its code is ahead, and nothing is newer", replace(ahead, newest=_version(3, 0)))
    granted = what_is_asked(_version(2, 3).terms, _version(3, 0).terms, POLICY).fingerprint
    yield Situation("Its code is ahead, and the permissions are approved",
                    replace(ahead, newest=_version(3, 0), approved_asks=[granted]))  # fmt: skip
    yield from _crossings()


def _crossings() -> Iterator[Situation]:
    nothing = Ask(frozenset(), becomes_paid=False, api_version=None)
    something = replace(nothing, other=(("equivalence.scope_extra", "One more scope."),))
    first = InstallationFacts(running=_watched("1.4.2"), newest=_version(2, 0), crossing=nothing)
    yield Situation("The watched app becomes a deployed one, no right rises, and its turn comes later",
                    replace(first, turn_at=NOW + timedelta(hours=40)))  # fmt: skip
    yield Situation("The same, and an administrator updates now",
                    replace(first, turn_at=NOW + timedelta(hours=40), by_administrator=True))  # fmt: skip
    yield Situation("The same, and its turn has come", replace(first, turn_at=NOW))
    yield Situation("The same, but only a rollout brings it (see the rules)", replace(first, for_vendor=True))
    yield Situation("A right rises as the watched app becomes a deployed one", replace(first, crossing=something))


def _sites() -> Iterator[str]:
    for situation in _situations():
        facts = situation.facts
        plan = plan_upgrade(facts, now=NOW, policy=POLICY)
        offered = [each.number for each in (facts.newest, facts.within) if each is not None]
        runs = facts.running.number if facts.running else "nothing"
        granted = f", granted {facts.granted.number}" if facts.granted else ""
        yield f"| {situation.words} | {runs}{granted} | {' and '.join(offered)} | {_said(plan)} |"


def _said(plan: Plan) -> str:
    if isinstance(plan, Nothing):
        return "nothing"
    if isinstance(plan, Start):
        what = f"takes {plan.target.number} at once"
        what += "; its permissions stay as granted" if plan.keeps_grant else ""
    else:
        end = "until its turn" if plan.until else f"for the {plan.person}"
        what = f"waits with {plan.target.number} {end} (`{plan.because}`)"
    return what + _also(plan.also)


def _also(also: Wait | None) -> str:
    return "" if also is None else f", and {also.target.number} goes on waiting for the {also.person}"


def _times() -> Iterator[str]:
    policy = SchedulePolicy()
    hours = {name: f"{int(each.total_seconds() // 3600)} h" for name, each in _intervals(policy).items()}
    yield "| The marketplace knows of a deployment | when the command ends: it is decided in the same transaction |"
    yield (
        "| A minor reaches the sites of its major | within minutes: hosts are told at once, their sites ask within two "
        f"minutes; a maintenance window holds one up for {hours['window']} at most |"
    )
    seen = f"at its next check, {hours['check']} at most; then it waits for an administrator"
    yield f"| A site sees a new major | {seen} |"
    yield (
        f"| A watched app has become a deployed one everywhere | within {hours['crossing']}: turns are spread over "
        f"{hours['spread']}, then come a check and a window |"
    )
    yield "| A rollout that the vendor started reaches its sites | within minutes, as a minor does |"


def _intervals(policy: SchedulePolicy) -> dict[str, timedelta]:
    return {
        "window": policy.longest_window_wait,
        "check": policy.check_interval,
        "crossing": policy.longest_crossing,
        "spread": policy.crossing_spread,
    }
