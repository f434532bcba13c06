"""Background work: sites that ask the marketplace, and reports to it."""

from datetime import datetime

from tradepost.foundation.jobs import Work, register
from tradepost.host.sites.queries import find_next_check

from .checking import check_due
from .queries import find_next_report, is_linked
from .reports import send_reports


def _next_check() -> datetime | None:
    return find_next_check() if is_linked() else None


register(Work("check_due_sites", "host", run=check_due, next_due=_next_check))
register(Work("send_reports", "host", run=send_reports, next_due=find_next_report, waits_for_machine=True))
