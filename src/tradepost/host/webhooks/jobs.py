"""The background work of webhooks."""

from tradepost.foundation import jobs

from . import delivering, queries
from .commands import WORK

jobs.register(jobs.Work(WORK, "host", run=delivering.deliver_due, next_due=queries.next_due))
