"""Forgetting what builds left behind."""

from datetime import datetime

from tradepost.foundation import jobs
from tradepost.foundation.clock import machine_now

from . import commands


def _forget(now: datetime) -> int:  # noqa: ARG001  domain time; all of this is in machine time
    return commands.forget_old(machine_now())


FORGET = jobs.register(
    jobs.Work(
        "forget_old_builds",
        "marketplace",
        run=_forget,
        next_due=commands.forgets_next,
        waits_for_machine=True,
    )
)
