"""Moving a sandbox from due row to due row, waiting in between until both services are at rest."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost.server.demo.rest import Rest

REST_SECONDS = 30.0
"""Machine time one step may take before the story is given up: a worker that hangs must not hang the demonstration."""
PATIENCE_SECONDS = 60.0
"""The same for what one service learns of another: after a failure it does not ask for half a minute."""
LOOK_SECONDS = 0.04


class StuckError(Exception):
    """Work does not come to rest, or nothing is due any more; the message says which."""


@dataclass(slots=True)
class StoryClock:
    """The domain clock of a sandbox: both services share it, the marketplace's operator moves it."""

    marketplace: Rest
    host: Rest
    on_step: Callable[[datetime], None]

    def now(self) -> datetime:
        return datetime.fromisoformat(self.marketplace.get("/api/1/clock")["now"])

    def settle(self) -> list[datetime]:
        """Wait until nothing is overdue or running; return the next due times."""
        deadline = time.monotonic() + REST_SECONDS
        while True:
            clocks = [self.marketplace.get("/api/1/clock"), self.host.get("/api/1/clock")]
            busy = [name for clock in clocks for name in clock["overdue"]]
            if not busy and not any(clock["working"] for clock in clocks):
                return sorted(datetime.fromisoformat(c["next_due"]) for c in clocks if c["next_due"])
            if time.monotonic() > deadline:
                raise StuckError(f"work does not come to rest: {', '.join(busy) or 'a job keeps running'}")
            time.sleep(LOOK_SECONDS)

    def step(self, *, no_later_than: datetime) -> datetime:
        """Move to the next due row, or to `no_later_than` if that comes first, and let everything due be done."""
        due = [at for at in self.settle() if at <= no_later_than]
        to = due[0] if due else no_later_than
        if to > self.now():
            self.marketplace.put("/api/1/clock", {"to": to.isoformat()})
        self.settle()
        now = self.now()
        self.on_step(now)
        return now

    def run_until(self, holds: Callable[[], bool], *, within: timedelta) -> timedelta | None:
        """Step until `holds()`; return how long that took in domain time, or None when it did not come about."""
        start = self.now()
        limit = start + within
        self.settle()
        while not holds():
            if self.now() >= limit:
                return None
            self.step(no_later_than=limit)
        return self.now() - start

    def leap(self, to: datetime) -> None:
        """Move to a time at once: what falls due on the way is done then, and late."""
        self.marketplace.put("/api/1/clock", {"to": to.isoformat()})
        self.settle()
        self.on_step(self.now())

    def wait_until(self, holds: Callable[[], bool]) -> bool:
        """Let the services work, without moving the clock, until `holds()`; False when that takes too long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def run_for(self, length: timedelta) -> None:
        """Step through `length` of domain time."""
        limit = self.now() + length
        while self.now() < limit:
            self.step(no_later_than=limit)
