"""A small world around the product: vendors, people and machines, and the loop that lets their days pass."""

import heapq
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from tradepost.core.errors import ConflictError, TradepostError
from tradepost.core.states import ReviewState
from tradepost.foundation import jobs, outgoing
from tradepost.foundation.clock import domain_time_told_by, machine_now
from tradepost.foundation.outgoing import Purpose
from tradepost.host.installing import commands as installing
from tradepost.host.installing.queries import get_app
from tradepost.marketplace.reviews import commands as reviews
from tradepost.marketplace.reviews import queries as review_queries

from . import invariants, persons, trace, vendor_script
from .at_rest import judge_step
from .clock import SimClock, let_machine_time_pass, on_grain
from .founding import Founded, found
from .ledger import Decision, Ledger
from .lots import lots
from .picture import take_picture
from .streets import ANSWER_LOST, DIES_AFTER, DIES_BEFORE, Mishap, SimOutgoing, WorkerDied
from .trace import Trace
from .vendors import SimVendor

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)

NOT_SIMULATED = ("deliver_marketplace_mail", "deliver_host_mail")
"""Mails are read from the outbox. Their delivery is by real SMTP and in machine time."""

HOUSE = ("keep_marketplace_house", "keep_host_house")
"""Machine time; done once a simulated day."""

MOST_ROUNDS = 50
"""Of works that make each other due within one step; more means that they never come to rest."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate. `grain` is how long due work may lie at most before it is taken up (batches are cheaper)."""

    seed: int = 7
    sites: int = 200
    days: int = 60
    grain: timedelta = 5 * MINUTE
    strict: bool = True


@dataclass(slots=True)
class World:
    """One simulated world. `play` lets all its days pass; `violations` say which invariants did not hold."""

    plan: Plan
    ledger: Ledger = field(default_factory=Ledger)
    trace: Trace = field(default_factory=Trace)
    clock: SimClock = field(default_factory=lambda: SimClock(START))
    violations: list[str] = field(default_factory=list)
    seconds: Counter[str] = field(default_factory=Counter)
    works: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    judged: invariants.Judged = field(default_factory=invariants.Judged)
    founded: Founded = field(init=False)
    streets: SimOutgoing = field(init=False)
    _script: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _scripted: int = 0
    _dues: list[tuple[jobs.Work, datetime]] = field(default_factory=list)
    _mails_read: datetime | None = None
    _day_began: datetime = START

    @property
    def now(self) -> datetime:
        return self.clock.now

    def play(self, *, on_day: Callable[["World"], None] | None = None) -> None:
        """Let the days pass, one after the other; `on_day` is called after each."""
        self.streets = SimOutgoing(self.clock, self.ledger, strict=self.plan.strict)
        with outgoing.replace(self.streets), domain_time_told_by(lambda: self.now):
            self.founded = found(self)
            self._write_script()
            self._ask_what_is_due()
            for day in range(1, self.plan.days + 1):
                self._pass_until(START + day * DAY)
                self._end_day()
                if on_day is not None:
                    on_day(self)

    def at(self, moment: datetime, do: Callable[[], None]) -> None:
        """Let something be done at a moment, or as soon as the loop comes by."""
        self._scripted += 1
        heapq.heappush(self._script, (moment, self._scripted, do))

    def check(self) -> list[str]:
        """Hold a picture of the database against every invariant; return what did not hold."""
        return invariants.judge(take_picture(), self.ledger, self.judged, now=self.now)

    # The loop

    def _pass_until(self, end: datetime) -> None:
        while True:
            waiting = [at for work, at in self._dues if not work.waits_for_machine]
            waiting += [self._script[0][0]] if self._script else []
            at = on_grain(min(waiting, default=end), start=START, grain=self.plan.grain)
            at = max(at, self.now + self.plan.grain)
            if at > end:
                self.clock.move(end)
                return
            self.clock.move(at)
            self._step()

    def _step(self) -> None:
        self.steps += 1
        if self._script and self._script[0][0] <= self.now:
            with self._timed("people"):
                while self._script and self._script[0][0] <= self.now:
                    heapq.heappop(self._script)[2]()
            self._ask_what_is_due()
        self._run_works()
        with self._timed("mail"):
            self._read_mails()
        with self._timed("invariants, each step"):
            self._report(judge_step(self.now))

    def _run_works(self) -> None:
        """Run what is due, and what that makes due, until the workers are at rest."""
        for _ in range(MOST_ROUNDS):
            due = [work for work, at in self._dues if at <= (machine_now() if work.waits_for_machine else self.now)]
            if not due:
                return
            for work in due:
                self._run(work)
            self._ask_what_is_due()
        self._report([f"works never come to rest: {', '.join(work.name for work in due)} at {self.now}"])

    def _run(self, work: jobs.Work) -> None:
        self.streets.is_work = True
        try:
            with self._timed(work.name):
                self.works[work.name] += work.run(self.now)
        except WorkerDied:
            self.trace.note(self.now, f"a worker died at {work.name}")
            self.at(self.now + 6 * MINUTE, let_machine_time_pass)
        finally:
            self.streets.is_work = False

    def _ask_what_is_due(self) -> None:
        with self._timed("asking what is due"):
            asked = jobs.due_times(work for work in jobs.works() if work.name not in NOT_SIMULATED + HOUSE)
        self._dues = [(work, at) for work, at in asked if at is not None]

    def _end_day(self) -> None:
        with self._timed("keeping house"):
            let_machine_time_pass()
            for work in jobs.works():
                if work.name in HOUSE:
                    work.run(self.now)
            self._ask_what_is_due()
            self._run_works()
        with self._timed("trace"):
            began, self._day_began = self._day_began, self.now
            names = self.founded.names
            lines = [*trace.audit_lines(began, self.now, names), *trace.mail_lines(began, self.now)]
            self.trace.end_day([*lines, *trace.installation_lines(self.now)])
        with self._timed("invariants, each day"):
            self._report(self.check())

    def _report(self, found: list[str]) -> None:
        self.violations += [text for text in found if text not in self.violations]

    def _timed(self, name: str) -> "_Timer":
        return _Timer(self.seconds, name)

    # What people do

    def _write_script(self) -> None:
        seed = self.plan.seed
        for vendor in self.founded.vendors:
            for event in vendor_script.script_of(vendor, start=START + 6 * HOUR, days=self.plan.days):
                self.at(event.at, partial(self._change, vendor, event))
        for day in range(self.plan.days):
            self.at(START + day * DAY + HOUR * 0.4, self._review)
        for place in self.founded.wishes:
            lot = lots(seed, "wish", *place)
            late = lot.random() < 0.15
            self.at(START + HOUR + DAY * (lot.uniform(2, 25) if late else lot.uniform(0, 1.5)),
                    partial(self._install, place))  # fmt: skip
            if lot.random() < 0.1:
                off = START + DAY * lot.uniform(2, 40)
                self.at(off, partial(self._switch, place, installing.disable))
                self.at(off + DAY * lot.uniform(0.2, 20), partial(self._switch, place, installing.enable))
        for mishap in _mishaps(seed, self.plan.days):
            self.at(mishap.at, partial(self._prepare, mishap))
            self.at(mishap.at + 2 * HOUR, let_machine_time_pass)

    def _change(self, vendor: SimVendor, event: vendor_script.VendorEvent) -> None:
        vendor_script.apply(event, vendor, now=self.now)
        self.trace.note(self.now, f"{vendor.key}: {event.kind}")

    def _prepare(self, mishap: Mishap) -> None:
        self.streets.mishap = mishap

    def _review(self) -> None:
        """The operator looks every morning, at the oldest first; most versions pass, which may end older reviews."""
        by = self.founded.operator
        waiting = list(review_queries.reviews(by, state=ReviewState.WAITING))
        for review in sorted(waiting, key=lambda each: (each.listing.app_key, each.version.order_key)):
            lot = lots(self.plan.seed, "review", review.listing.app_key, review.version.number)
            try:
                if lot.random() < 0.8:
                    reviews.approve(review.pk, by=by, now=self.now)
                else:
                    reviews.reject(review.pk, comment="Not like this.", by=by, now=self.now)
            except ConflictError as error:
                self.trace.note(self.now, f"{review.listing.app_key} {review.version.number}: {error}")

    def _install(self, place: tuple[str, str]) -> None:
        """Look at the app in the catalogue and install it, as it was shown. Who fails tries again later."""
        site, app = self.founded.sites[place[0]], place[1]
        by = self.founded.people[place[0]].caller
        try:
            details = get_app(by, site, app, now=self.now)
            state = details.installation.state if details.installation else None
            if state in {"enabled", "disabled"}:
                return
            if state != "installing":
                installing.install(site, app, fingerprint=details.ask.fingerprint, by=by, now=self.now)
                self.ledger.decisions[place].append(Decision(self.now, place, "install", details.ask))
        except TradepostError as error:
            self.trace.note(self.now, f"{place[0]} {app} could not be installed: {error}")
        self.at(self.now + 5 * HOUR, partial(self._install, place))

    def _switch(self, place: tuple[str, str], switch: Callable[..., object]) -> None:
        by = self.founded.people[place[0]].caller
        try:
            switch(self.founded.sites[place[0]], place[1], by=by, now=self.now)
        except TradepostError as error:
            self.trace.note(self.now, f"{place[0]} {place[1]} could not be switched: {error}")

    def _read_mails(self) -> None:
        for mail in persons.new_mails(self._mails_read):
            self._mails_read = mail.decided_at
            for intention in persons.intend(self.founded.people_by_mail[mail.to], mail, seed=self.plan.seed):
                self.at(intention.at, partial(self._act, intention))

    def _act(self, intention: persons.Intention) -> None:
        self.trace.note(self.now, persons.act(intention, self.ledger, now=self.now))


class _Timer:
    """Adds the seconds of a block to a counter."""

    def __init__(self, seconds: Counter[str], name: str) -> None:
        self._seconds, self._name = seconds, name

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._name] += time.perf_counter() - self._began  # type: ignore[assignment]


def _mishaps(seed: int, days: int) -> list[Mishap]:
    """Accidents, about one in two days, from the third day on."""
    lot = lots(seed, "mishaps")
    purposes, kinds = [Purpose.DESCRIPTOR, Purpose.LIFECYCLE, Purpose.WIRE], [DIES_BEFORE, DIES_AFTER]
    found, at = [], START + 2 * DAY
    while (at := at + DAY * lot.uniform(0.5, 3.5)) < START + days * DAY:
        purpose = lot.choice(purposes)
        kind = lot.choice([*kinds, ANSWER_LOST, ANSWER_LOST] if purpose is Purpose.WIRE else kinds)
        found.append(Mishap(at, purpose, kind))
    return found
