"""Background work: due rows decide what and when, Procrastinate decides where.

A kind of work is one function that takes `now` and returns how many rows it took up. It is registered with the
question whether anything is due. The tick asks every question and defers a job for each yes; a command that makes work
due defers the same job in its own transaction. Every job is safe to run twice, and two at once.
"""

import functools
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import close_old_connections, connection
from procrastinate import exceptions
from procrastinate.contrib.django import app

from .clock import domain_now, machine_now
from .due import NextDue, ask

log = logging.getLogger(__name__)

DRAIN_LIMIT = 200
"""Batches one job takes before it lets others have the worker; the next tick goes on."""


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of background work.

    `run(now)` takes up what is due and returns how many rows it did; 0 means nothing is left. `next_due()` returns the
    earliest due time (domain time), or None. `waits_for_machine` is True where due times are machine time (mail).
    """

    name: str
    service: str
    run: Callable[[datetime], int]
    next_due: Callable[[], datetime | None]
    waits_for_machine: bool = False


_works: dict[str, Work] = {}
_tasks: dict[str, Any] = {}


def register(work: Work) -> Work:
    """Make a kind of work known to the tick, the worker and the simulation."""
    assert work.name not in _works, f"{work.name} is registered twice"
    _works[work.name] = work
    _tasks[work.name] = app.task(name=f"{work.service}.{work.name}", queue=work.service)(
        functools.partial(_run, work.name)
    )
    return work


def works(*, service: str = "all") -> Iterable[Work]:
    """Return the kinds of work of a service, in the order of registration."""
    return [work for work in _works.values() if service in {"all", work.service}]


def defer(name: str) -> None:
    """Ask for a run of `name` now, in the caller's transaction. A second waiting request is dropped."""
    try:
        with _savepoint():
            _tasks[name].configure(queueing_lock=name).defer()
    except exceptions.AlreadyEnqueued:
        return


def tick(*, service: str = "all", now: datetime | None = None) -> list[str]:
    """Defer a job for every kind of work that has something due; return their names."""
    now = now or domain_now()
    times = due_times(works(service=service))
    machine = machine_now()  # after the questions: some say that they are due now
    due = [work.name for work, at in times if at is not None and at <= (machine if work.waits_for_machine else now)]
    for name in due:
        defer(name)
    return due


def due_times(works: Iterable[Work]) -> list[tuple[Work, datetime | None]]:
    """When each of some kinds of work is due next. Those whose question is SQL are asked by one statement."""
    works = list(works)
    together = [work for work in works if isinstance(work.next_due, NextDue)]
    answers = dict(zip((work.name for work in together), ask([work.next_due for work in together]), strict=True))
    return [(work, answers[work.name] if work.name in answers else work.next_due()) for work in works]


def _run(name: str) -> int:
    """Take up what is due, batch by batch. What raises is logged; its rows come back when their lease ends."""
    done = 0
    close_old_connections()
    try:
        for _ in range(DRAIN_LIMIT):
            count = _works[name].run(domain_now())
            done += count
            if not count:
                break
        return done
    finally:
        connection.close()


def _savepoint() -> Any:
    from django.db import transaction

    return transaction.atomic()
