"""Keeps programs running: starts them in order, restarts one that dies, stops them in the other order."""

import contextlib
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tradepost.server.children import end_child, kill_group, start_child
from tradepost.server.postgres import OwnPostgres

LOOK_SECONDS = 0.1
LARGEST_LOG = 5 * 1024 * 1024  # bytes; a larger one starts anew with the next start


class PartFailedError(Exception):
    """A part of the house does not come up or stay up; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How often a part may die. All numbers are seconds, but for `most_ends`."""

    first_pause: float = 0.5
    longest_pause: float = 10.0
    most_ends: int = 5
    within: float = 60.0
    ready_within: float = 60.0

    def pause_after(self, ends: int) -> float:
        return min(self.first_pause * 2 ** (ends - 1), self.longest_pause)


class Part(Protocol):
    """What a supervisor can look after."""

    @property
    def name(self) -> str: ...
    def start(self) -> None: ...
    def is_ready(self) -> bool: ...
    def has_died(self) -> bool: ...
    def stop(self) -> None: ...
    def last_lines(self) -> str: ...


@dataclass(slots=True)
class Program:
    """A program that writes to one log; ready when `ready_url` answers at all, or at once without one."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    ready_url: str | None = None
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start it anew; what is left of the last try is killed, because it may hold the port."""
        if self._child:
            kill_group(self._child.pid)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        is_long = self.log.exists() and self.log.stat().st_size > LARGEST_LOG
        with self.log.open("wb" if is_long else "ab") as log:
            self._child = start_child(self.command, output=log, environment=self.environment)

    def is_ready(self) -> bool:
        if self.ready_url is None:
            return True
        try:
            with urllib.request.urlopen(self.ready_url, timeout=5):  # noqa: S310  our own address
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def has_died(self) -> bool:
        return self._child is not None and self._child.poll() is not None

    def stop(self) -> None:
        if self._child:
            end_child(self._child)
            self._child = None

    def last_lines(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-12:]) if self.log.exists() else ""


@dataclass(slots=True)
class Database:
    """Our own PostgreSQL as a part of the house."""

    server: OwnPostgres
    name: str = "database"

    def start(self) -> None:
        self.server.start()

    def is_ready(self) -> bool:
        return True  # `start` has waited for it

    def has_died(self) -> bool:
        return self.server.has_died()

    def stop(self) -> None:
        self.server.stop()

    def last_lines(self) -> str:
        return f"see {self.server.folder / 'postgres.log'}"


@dataclass(slots=True)
class _Watched:
    part: Part
    ends: deque[float] = field(default_factory=deque)
    start_again_at: float | None = None


class Supervisor:
    """Looks after parts. `tell` gets a sentence when a part dies or comes back.

    Call `start` and `watch` from threads that last: on Linux a part ends with the thread that started it.
    """

    def __init__(self, *, tell: Callable[[str], None], policy: RestartPolicy | None = None) -> None:
        self._tell = tell
        self._policy = policy or RestartPolicy()
        self._watched: list[_Watched] = []
        self._asked_to_stop = threading.Event()

    def start(self, part: Part) -> None:
        """Start a part and wait until it is ready; raises PartFailedError if it ends or takes too long."""
        self._watched.append(_Watched(part))
        part.start()
        deadline = time.monotonic() + self._policy.ready_within
        while not part.is_ready():
            if part.has_died():
                raise PartFailedError(f"The {part.name} ended while starting.\n{part.last_lines()}")
            if time.monotonic() > deadline:
                raise PartFailedError(f"The {part.name} does not get ready.\n{part.last_lines()}")
            self._asked_to_stop.wait(LOOK_SECONDS)

    def watch(self) -> None:
        """Restart what dies until asked to stop; raises PartFailedError for a part that keeps dying."""
        while not self._asked_to_stop.wait(LOOK_SECONDS):
            for watched in self._watched:
                self._look_at(watched, time.monotonic())

    def ask_to_stop(self) -> None:
        """Let `watch` return; another thread or a signal may call this."""
        self._asked_to_stop.set()

    def stop(self) -> None:
        """Stop all parts, the last one started first; call it once `watch` has returned."""
        self._asked_to_stop.set()
        while self._watched:
            self._watched.pop().part.stop()

    def _look_at(self, watched: _Watched, now: float) -> None:
        if not watched.part.has_died():
            return
        if watched.start_again_at is None:
            self._note_end(watched, now)
        elif now >= watched.start_again_at and not self._asked_to_stop.is_set():
            watched.start_again_at = None
            watched.part.start()
            self._tell(f"The {watched.part.name} was started again.")

    def _note_end(self, watched: _Watched, now: float) -> None:
        watched.ends.append(now)
        while watched.ends[0] < now - self._policy.within:
            watched.ends.popleft()
        if len(watched.ends) >= self._policy.most_ends:
            raise PartFailedError(
                f"The {watched.part.name} ended {len(watched.ends)} times within {self._policy.within:g} s, "
                f"so it is not started again. The end of its log:\n{watched.part.last_lines()}"
            )
        pause = self._policy.pause_after(len(watched.ends))
        watched.start_again_at = now + pause
        self._tell(f"The {watched.part.name} ended unexpectedly; it starts again in {pause:g} s.")


@contextlib.contextmanager
def watching(supervisor: Supervisor) -> Iterator[None]:
    """Watch in a thread of our own while the block runs; a part that was given up is raised at its end."""
    failures: list[PartFailedError] = []

    def watch() -> None:
        try:
            supervisor.watch()
        except PartFailedError as failure:
            failures.append(failure)

    thread = threading.Thread(target=watch, name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        supervisor.ask_to_stop()
        thread.join()
        supervisor.stop()
    if failures:
        raise failures[0]


def run_once(name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> str:
    """Run a program to its end and return what it printed; its messages go to the log.

    Raises PartFailedError when it ends with anything but zero.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as messages:
        outcome = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
            env=dict(environment),
            text=True,
        )
    if outcome.returncode:
        end = "\n".join([*log.read_text(errors="replace").splitlines()[-12:], outcome.stdout[-2000:]])
        raise PartFailedError(f"The step `{name}` failed with status {outcome.returncode}.\n{end}")
    return outcome.stdout


def this_python(*arguments: str) -> list[str]:
    """Return the command for a module of ours under the Python that runs now."""
    return [sys.executable, "-m", *arguments]
