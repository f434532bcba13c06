"""What time does to licenses, and telling hosts of changes."""

from tradepost.foundation import jobs

from . import pushing, settling
from .telling import PUSH

SETTLE = jobs.register(
    jobs.Work("settle_due_licenses", "marketplace", run=settling.settle_due, next_due=settling.next_due)
)
TELL = jobs.register(
    jobs.Work(PUSH, "marketplace", run=pushing.push_due, next_due=pushing.next_due, waits_for_machine=True)
)
