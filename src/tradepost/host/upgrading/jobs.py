"""Background work: installations and calls that are due; and the tables of this domain that grow."""

from tradepost.foundation import partitions
from tradepost.foundation.jobs import Work, register

from . import queueing
from .calling import call_due
from .models import LifecycleCall, Upgrade
from .planning import WORK
from .queries import find_next_call, find_next_upgrade
from .running import upgrade_due

register(Work(WORK, "host", run=upgrade_due, next_due=find_next_upgrade))
register(Work(queueing.WORK, "host", run=call_due, next_due=find_next_call))
partitions.register(Upgrade)
partitions.register(LifecycleCall)
