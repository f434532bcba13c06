"""The poll sweep."""

from tradepost.foundation import jobs

from .commands import poll_due
from .queries import next_due

POLL = jobs.register(jobs.Work("poll_due_listings", "marketplace", run=poll_due, next_due=next_due))
