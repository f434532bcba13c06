"""Writing down which unused access tokens are over."""

from tradepost.foundation import jobs

from .commands import expire_due
from .queries import next_due

EXPIRE = jobs.register(jobs.Work("expire_access_tokens", "marketplace", run=expire_due, next_due=next_due))
