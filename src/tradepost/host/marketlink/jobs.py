"""Background work: sites that ask the marketplace, and reports to it."""

from tradepost.foundation.jobs import Work, register

from .checking import check_due
from .queries import find_next_check, find_next_report
from .reports import send_reports

register(Work("check_due_sites", "host", run=check_due, next_due=find_next_check))
register(Work("send_reports", "host", run=send_reports, next_due=find_next_report, waits_for_machine=True))
