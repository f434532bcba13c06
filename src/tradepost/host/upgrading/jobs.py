"""Background work: installations that are due; and the tables of this domain that grow."""

from tradepost.foundation import partitions
from tradepost.foundation.jobs import Work, register

from .models import LifecycleCall, Upgrade
from .planning import WORK
from .queries import find_next_upgrade
from .running import upgrade_due

register(Work(WORK, "host", run=upgrade_due, next_due=find_next_upgrade))
partitions.register(Upgrade)
partitions.register(LifecycleCall)
