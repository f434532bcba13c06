"""What must hold in every simulated world, each as one function that yields a sentence per breach.

They compare the database (a Picture) with what really happened (the Ledger), and use as little as possible of the
rules they check: sets are subtracted here once more, windows are read off the wall clock.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from .ledger import Decision, Ledger, Meaning, Place
from .picture import Move, Picture, Version

POLL, CHECK, WINDOW = timedelta(hours=5), timedelta(hours=24), timedelta(hours=4)
PROMISE = POLL + CHECK + WINDOW
WEEK = timedelta(days=7)
MISHAP = timedelta(minutes=12)
"""What one accident may cost: the lease of a dead worker (6 minutes), or a check that is repeated (10 minutes)."""

TICK = timedelta(minutes=5)
"""The coarsest grain of a simulation: due work may lie so long before it is taken up."""


@dataclass(slots=True)
class Judged:
    """What earlier pictures showed: versions whose promise was looked at, and the longest way of one to a site."""

    promises: set[tuple[str, str]] = field(default_factory=set)
    longest: tuple[timedelta, str] = (timedelta(0), "")


def judge(
    picture: Picture, ledger: Ledger, judged: Judged, *, now: datetime
) -> tuple[list[str], tuple[timedelta, str]]:
    """Hold a picture against every invariant. Return what did not hold, and the longest propagation so far."""
    found = [f"{check.__name__}: {text}" for check in INVARIANTS for text in check(picture, ledger, now)]
    late = a_free_version_reaches_every_healthy_site_in_33_hours(picture, ledger, now, judged)
    found += [f"{a_free_version_reaches_every_healthy_site_in_33_hours.__name__}: {text}" for text in late]
    return found


def no_right_without_consent(picture: Picture, ledger: Ledger, _now: datetime) -> Iterator[str]:
    """What an upgrade gains was agreed to by a person, after the upgrade before it and not taken back since."""
    for place, moves in picture.moves.items():
        since = None
        for move in _applied(moves):
            gained = _meaning(picture, ledger, place[1], move.after)
            had = _meaning(picture, ledger, place[1], move.before) if move.before else NOTHING
            if gained.beyond(had) and not _agreed(ledger.decisions[place], move, had, gained, since):
                yield f"{_name(place)} gained {gained.beyond(had).to_json()} with {move.after} at {move.finished_at}"
            since = move.finished_at


def nothing_is_recorded_twice(picture: Picture, _ledger: Ledger, _now: datetime) -> Iterator[str]:
    """What happened once stands in the database once."""
    yield from picture.doubled
    firsts: dict[tuple[str, object], int] = defaultdict(int)
    for mail in picture.mails:
        firsts[mail.to, mail.approval] += not mail.is_reminder
    for (to, _), count in firsts.items():
        if count != 1:
            yield f"{to} got {count} first mails about one ask"
    open_asks: dict[tuple[Place, str], int] = defaultdict(int)
    for asked in picture.asked:
        open_asks[asked.place, asked.fingerprint] += asked.state in {"waiting", "approved", "declined"}
    for (place, _), count in open_asks.items():
        if count > 1:
            yield f"{_name(place)} is asked the same {count} times at once"


def numbers_only_rise(picture: Picture, _ledger: Ledger, _now: datetime) -> Iterator[str]:
    """Numbers of a listing rise with every version, those of an installation with every upgrade."""
    for app, versions in picture.versions.items():
        for before, after in pairwise(versions):
            if after.order_key <= before.order_key:
                yield f"{app} got {after.number} after {before.number}"
    for place, moves in picture.moves.items():
        keys = [picture.version(place[1], move.after).order_key for move in _applied(moves)]
        if keys != sorted(set(keys)):
            yield f"{_name(place)} went {' '.join(move.after for move in _applied(moves))}"


def no_number_is_used_again(picture: Picture, ledger: Ledger, _now: datetime) -> Iterator[str]:
    """A number means the same bytes for ever, at the marketplace and at the host service."""
    for versions in picture.versions.values():
        for version in versions:
            before = ledger.numbers.setdefault((version.app, version.number), version.sha256)
            if before != version.sha256:
                yield f"{version.app} {version.number} means other bytes than before"
    for (app, number), sha256 in picture.known.items():
        if ledger.numbers.get((app, number)) != sha256:
            yield f"the host service takes {app} {number} for something else than the marketplace"


def no_site_is_touched_in_its_window(picture: Picture, ledger: Ledger, _now: datetime) -> Iterator[str]:
    """Calls come outside of the window, by an administrator's act, or after four hours of waiting."""
    moves = {move.id: move for moves in picture.moves.values() for move in moves}
    last: dict[object, datetime] = {}
    for call in picture.calls:
        move = moves[call.upgrade]
        fell_due = max(move.planned_at, last.get(call.upgrade, move.planned_at))
        last[call.upgrade] = call.at
        may = move.trigger != "automatic" or call.at >= fell_due + WINDOW
        if not may and ledger.window(call.place[0], call.at).holds(call.at):
            yield f"{_name(call.place)} was touched inside its window at {call.at}"


def an_administrators_act_goes_through_at_once(picture: Picture, _ledger: Ledger, _now: datetime) -> Iterator[str]:
    """The first call after an approval or an installation waits for nothing."""
    moves = {move.id: move for moves in picture.moves.values() for move in moves}
    for call in picture.calls:
        move = moves[call.upgrade]
        if call.attempt == 1 and move.trigger != "automatic" and call.at != move.planned_at:
            yield f"{_name(call.place)} waited from {move.planned_at} to {call.at} after {move.trigger}"


def a_declined_ask_is_not_repeated(picture: Picture, ledger: Ledger, _now: datetime) -> Iterator[str]:
    """After a decline no mail asks for the same, until the person has approved it themselves."""
    asked = {each.id: each for each in picture.asked}
    for mail in picture.mails:
        about = asked.get(mail.approval)
        if about is None:
            yield f"{mail.to} got a mail about an ask that is not there"
            continue
        answers = [
            each for each in ledger.decisions[about.place]
            if each.kind != "install" and each.at < mail.at and each.ask.fingerprint == about.fingerprint
        ]  # fmt: skip
        if answers and answers[-1].kind == "decline":
            yield f"{_name(about.place)} was asked at {mail.at} for what was declined at {answers[-1].at}"


def reminders_come_weekly(picture: Picture, _ledger: Ledger, now: datetime) -> Iterator[str]:
    """A waiting ask is reminded of every seven days: not sooner, and while it waits not later."""
    asked = {each.id: each for each in picture.asked}
    last: dict[tuple[str, object], datetime] = {}
    for mail in picture.mails:
        before = last.get((mail.to, mail.approval))
        if before is not None and not WEEK <= mail.at - before <= WEEK + TICK:
            yield f"{mail.to} was reminded {mail.at - before} after the mail before"
        last[mail.to, mail.approval] = mail.at
    for (to, approval), at in last.items():
        about = asked.get(approval)
        if about is not None and about.state == "waiting" and now - at > WEEK + TICK:
            yield f"{to} was not reminded since {at}"


def a_waiting_ask_is_about_the_newest_version(picture: Picture, _ledger: Ledger, _now: datetime) -> Iterator[str]:
    """What an administrator sees is what they would get."""
    for asked in picture.asked:
        target = picture.at_host[asked.place].target
        if asked.state == "waiting" and asked.version != target:
            yield f"{_name(asked.place)} is asked about {asked.version}, but would get {target}"


def the_marketplace_knows_what_the_host_does(picture: Picture, _ledger: Ledger, _now: datetime) -> Iterator[str]:
    """When all reports are sent, both services say the same of every installation."""
    for place in picture.at_host.keys() | picture.at_marketplace.keys():
        here, there = picture.at_host.get(place), picture.at_marketplace.get(place)
        if here != there:
            yield f"{_name(place)} is {here} at the host and {there} at the marketplace"


def everybody_looks_in_time(_picture: Picture, ledger: Ledger, now: datetime) -> Iterator[str]:
    """A listing is polled at least every 5 hours, a site asks at least every 24, accidents allowed for."""
    for what, history, most in [("poll of", ledger.polls, POLL), ("check of", ledger.checks, CHECK)]:
        for name, times in history.items():
            for before, after in zip(times, [*times[1:], now], strict=True):
                if after - before > most + TICK and after - before > most + _allowance(ledger, before, after):
                    yield f"the {what} {name} at {before} was followed by the next at {after}"


def apps_keep_their_tenants(_picture: Picture, ledger: Ledger, _now: datetime) -> Iterator[str]:
    """Every call for a site carries the same client key and the same shared secret."""
    for place, calls in ledger.calls.items():
        if len({(call.client_key, call.secret) for call in calls}) > 1:
            yield f"{_name(place)} was introduced to the app as several tenants"


def nothing_surprises(_picture: Picture, ledger: Ledger, _now: datetime) -> Iterator[str]:
    """No error of our own, no call inside a transaction, no call that a careful app refuses."""
    yield from ledger.surprises


INVARIANTS: tuple[Callable[[Picture, Ledger, datetime], Iterator[str]], ...] = (
    no_right_without_consent,
    nothing_is_recorded_twice,
    numbers_only_rise,
    no_number_is_used_again,
    no_site_is_touched_in_its_window,
    an_administrators_act_goes_through_at_once,
    a_declined_ask_is_not_repeated,
    reminders_come_weekly,
    a_waiting_ask_is_about_the_newest_version,
    the_marketplace_knows_what_the_host_does,
    everybody_looks_in_time,
    apps_keep_their_tenants,
    nothing_surprises,
)


def a_free_version_reaches_every_healthy_site_in_33_hours(
    picture: Picture, ledger: Ledger, now: datetime, judged: Judged
) -> Iterator[str]:
    """5 h to notice, 24 h to ask, 4 h for a window: counted from when the vendor began to serve the bytes.

    A version that was reviewed is counted from the review on. A site is excused while the app does not answer its
    calls, and where what it was offered instead needs its administrator's consent.
    """
    for app, versions in picture.versions.items():
        offered = [each for each in versions if each.offered_at is not None]
        for version in offered:
            began, until = _promise(version, ledger)
            if until > now or (app, version.number) in judged.promises:
                continue
            judged.promises.add((app, version.number))
            for place in [place for place in picture.moves if place[1] == app]:
                yield from _judge_promise(picture, ledger, version, place, began, until, judged)


def _judge_promise(
    picture: Picture, ledger: Ledger, version: Version, place: Place, began: datetime, until: datetime, judged: Judged
) -> Iterator[str]:
    applied = _applied(picture.moves[place])
    running = _running(applied, until)
    if running is None:
        return
    if picture.version(place[1], running).order_key < version.order_key:
        excused = ledger.failed_between(place, began, until) or _needs_consent(picture, ledger, version, place)
        if not excused:
            yield f"{_name(place)} runs {running} at {until}; {version.number} was served from {began}"
        return
    arrived = next(
        move.finished_at for move in applied
        if picture.version(place[1], move.after).order_key >= version.order_key and move.finished_at is not None
    )  # fmt: skip
    if not version.was_reviewed and _running(applied, began) is not None:
        judged.longest = max(judged.longest, (arrived - began, f"{version.number} of {place[1]} on {place[0]}"))


def _promise(version: Version, ledger: Ledger) -> tuple[datetime, datetime]:
    """From when to when a version has to reach the sites."""
    assert version.offered_at is not None
    began = ledger.served_since(version.app, version.sha256, until=version.made_at) or version.made_at
    until = began + PROMISE
    if version.was_reviewed:
        until = max(until, version.offered_at + CHECK + WINDOW)
    return began, until + _allowance(ledger, began, until)


def _needs_consent(picture: Picture, ledger: Ledger, version: Version, place: Place) -> bool:
    """Whether what the site was offered at its next check, or before a window let it go, asks for consent."""
    assert version.offered_at is not None
    checks = [at for at in ledger.checks[place[0]] if at >= version.offered_at]
    applied = _applied(picture.moves[place])
    for at in checks:
        if at > checks[0] + WINDOW:
            return False
        running = _running(applied, at, inclusive=False)
        newest = max(
            (each for each in picture.versions[place[1]] if each.offered_at is not None and each.offered_at <= at),
            key=lambda each: each.order_key,
        )
        if running is not None and ledger.meanings[newest.sha256].beyond(_meaning(picture, ledger, place[1], running)):
            return True
    return False


def _allowance(ledger: Ledger, since: datetime, until: datetime) -> timedelta:
    return MISHAP * sum(since - MISHAP <= at <= until for at in ledger.mishaps)


NOTHING = Meaning(frozenset(), paid=False, api_version=10**6)
"""What a site has of an app before it installs it; a first version raises no `apiVersion`."""


def _agreed(decisions: list[Decision], move: Move, had: Meaning, gained: Meaning, since: datetime | None) -> bool:
    """Whether a person agreed to at least what is gained, for this move, and did not take it back."""
    assert move.finished_at is not None
    kind = "approve" if move.before else "install"
    for index, each in enumerate(decisions):
        is_in_time = (since is None or each.at >= since) and each.at <= move.finished_at
        later = decisions[index + 1 :]
        taken_back = any(
            other.kind == "decline" and other.ask == each.ask and other.at <= move.finished_at for other in later
        )
        api_version = max(had.api_version, each.ask.api_version or 0)
        granted = Meaning(had.rights | each.ask.rights, had.paid or each.ask.becomes_paid, api_version)
        if each.kind == kind and is_in_time and not taken_back and not gained.beyond(granted):
            return True
    return False


def _meaning(picture: Picture, ledger: Ledger, app: str, number: str) -> Meaning:
    return ledger.meanings[picture.version(app, number).sha256]


def _applied(moves: list[Move]) -> list[Move]:
    return [move for move in moves if move.state == "applied"]


def _running(applied: list[Move], at: datetime, *, inclusive: bool = True) -> str | None:
    """What an installation ran at a moment."""
    times = [move.finished_at for move in applied if move.finished_at is not None]
    index = bisect_right(times, at if inclusive else at - timedelta.resolution)
    return applied[index - 1].after if index else None


def _name(place: Place) -> str:
    return f"{place[1]} on {place[0]}"
