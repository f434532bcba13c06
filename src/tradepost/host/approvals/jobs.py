"""Background work: reminders to administrators."""

from tradepost.foundation.jobs import Work, register

from .commands import remind
from .queries import find_next_reminder

register(Work("remind_administrators", "host", run=remind, next_due=find_next_reminder))
