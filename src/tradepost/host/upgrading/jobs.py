"""Background work: installations that are due."""

from tradepost.foundation.jobs import Work, register

from .planning import WORK
from .queries import find_next_upgrade
from .running import upgrade_due

register(Work(WORK, "host", run=upgrade_due, next_due=find_next_upgrade))
