"""Ending rollouts whose sites have had the time to answer."""

from tradepost.foundation import jobs

from .commands import JOB, end_silent
from .queries import next_due

END = jobs.register(jobs.Work(JOB, "marketplace", run=end_silent, next_due=next_due))
