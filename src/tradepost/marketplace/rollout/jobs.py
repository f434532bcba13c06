"""Telling hosts of new versions of deployed apps."""

from tradepost.foundation import jobs

from . import telling
from .news import PUSH

TELL = jobs.register(
    jobs.Work(PUSH, "marketplace", run=telling.push_due, next_due=telling.next_due, waits_for_machine=True)
)
