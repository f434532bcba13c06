"""Background work: wishes for apps by address, and polls of those addresses."""

from tradepost.foundation.jobs import Work, register

from . import polling, requests

register(Work(requests.WORK, "host", run=requests.carry_out_requests, next_due=requests.find_next_request))
register(Work(polling.WORK, "host", run=polling.poll_due, next_due=polling.find_next_poll))
