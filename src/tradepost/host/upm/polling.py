"""Sites that read their apps' addresses themselves, as politely as the marketplace reads those of its listings.

Claim what is due, ask the addresses outside of any transaction, record each answer over what was read.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from tradepost.core.errors import ProblemsError
from tradepost.core.release import Refusal
from tradepost.core.schedule import next_poll
from tradepost.core.states import InstallationState
from tradepost.foundation import audit, due, jobs, outgoing
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.configuration import configuration
from tradepost.foundation.fetching import Trouble, Unchanged, Understood, read_answer, request_for
from tradepost.foundation.outgoing import OutgoingError, OutgoingRequest, OutgoingResponse
from tradepost.host.installing.models import ADDRESS, Installation
from tradepost.host.installing.versions import listing_policy
from tradepost.host.sites.models import Site
from tradepost.host.sites.queries import require_administrator
from tradepost.host.upgrading.planning import lock, replan
from tradepost.host.upgrading.queries import get_installation

from . import mails
from .addresses import get_address
from .models import AddressListing
from .versions import keep, made_since, number

log = logging.getLogger(__name__)

ACTOR = "polling"
WORK = "poll_due_addresses"
LEASE = timedelta(minutes=2)
"""Machine time. Longer than the slowest batch takes; after it another worker polls again."""

DAY = timedelta(days=1)
_RUNS = (InstallationState.ENABLED, InstallationState.DISABLED)
Finding = Understood | Unchanged | Trouble


@dataclass(frozen=True, slots=True)
class AddressPoll:
    """One address a worker may ask now, and what was known of it when it was taken."""

    installation: UUID
    site: UUID
    url: str
    etag: str
    last_modified: str
    sha256: str
    lease: UUID
    started: datetime


def poll_due(now: datetime) -> int:
    """Ask a batch of the addresses that are due; return how many were taken up."""
    polls = claim_due(now)
    policy = listing_policy()
    for poll, answer in zip(polls, _ask(polls), strict=True):
        try:
            record(poll, read_answer(answer, known_sha256=poll.sha256, policy=policy), now=now)
        except Exception:
            # One address must not keep the others of its batch from being recorded; its lease runs out.
            log.exception("the poll for the installation %s could not be recorded", poll.installation)
    return len(polls)


@transaction.atomic
def poll_now(site_id: UUID, app_key: str, *, by: Caller, now: datetime) -> AddressListing:
    """Let the site read the app's address at once, also where it was held. Raises NotFoundError, ForbiddenError."""
    require_administrator(by, site_id)
    installation = lock(get_installation(by, site_id, app_key).pk)
    address = get_address(installation)
    address.held_at, address.held_reason, address.resumed_at = None, "", now
    address.next_poll_at, address.poll_lease, address.poll_lease_until = now, None, None
    address.etag = address.last_modified = address.fetched_sha256 = ""
    address.save()
    audit.record(
        "address.poll_asked", service="host", actor=by.actor, subject=("installation", installation.pk), now=now,
        scope_id=site_id, app=app_key,
    )  # fmt: skip
    jobs.defer(WORK)
    return address


@due.earliest("next_poll_at")
def find_next_poll(machine: datetime) -> QuerySet[AddressListing]:
    """The earliest due time (domain time) among addresses that no worker holds."""
    free = Q(poll_lease=None) | Q(poll_lease_until__lte=machine)
    return AddressListing.objects.filter(
        free, held_at=None, installation__source=ADDRESS, installation__state__in=_RUNS
    )


def claim_due(now: datetime) -> list[AddressPoll]:
    """Take due addresses for this worker, in one statement; never more at once than a host should bear.

    Places are numbered before rows are locked, so a second worker that comes at the same moment finds the same first
    four of a host, sees them locked, and leaves that host alone.
    """
    limits, machine, lease = configuration.limits, machine_now(), new_id()
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "now": now, "machine": machine, "until": machine + LEASE, "lease": lease,
                "per_host": limits.at_once_per_host, "at_once": limits.at_once,
                "source": ADDRESS, "runs": [*map(str, _RUNS)],
            },
        )  # fmt: skip
        rows = sorted(cursor.fetchall())
    return [AddressPoll(*row[1:], lease=lease, started=now) for row in rows]


_CLAIM = """
WITH leased AS (
    SELECT host, count(*) AS polls FROM upm_addresslisting
    WHERE poll_lease IS NOT NULL AND poll_lease_until > %(machine)s
    GROUP BY host
), ranked AS (
    SELECT a.installation_id, a.host,
           row_number() OVER (PARTITION BY a.host ORDER BY a.next_poll_at, a.installation_id) AS place
    FROM upm_addresslisting a JOIN installing_installation i ON i.id = a.installation_id
    WHERE a.next_poll_at <= %(now)s AND a.held_at IS NULL
      AND (a.poll_lease IS NULL OR a.poll_lease_until <= %(machine)s)
      AND i.source = %(source)s AND i.state = ANY(%(runs)s)
), chosen AS (
    SELECT a.installation_id FROM ranked r
    JOIN upm_addresslisting a ON a.installation_id = r.installation_id
    LEFT JOIN leased ON leased.host = r.host
    WHERE r.place + coalesce(leased.polls, 0) <= %(per_host)s
      AND a.next_poll_at <= %(now)s AND a.held_at IS NULL
      AND (a.poll_lease IS NULL OR a.poll_lease_until <= %(machine)s)
    ORDER BY a.next_poll_at, a.installation_id
    LIMIT %(at_once)s
    FOR NO KEY UPDATE OF a SKIP LOCKED
)
UPDATE upm_addresslisting a SET poll_lease = %(lease)s, poll_lease_until = %(until)s
FROM chosen, installing_installation i
WHERE a.installation_id = chosen.installation_id AND i.id = a.installation_id
RETURNING a.next_poll_at, a.installation_id, i.site_id, a.url, a.etag, a.last_modified, a.fetched_sha256
"""


@transaction.atomic
def record(poll: AddressPoll, finding: Finding, *, now: datetime) -> None:
    """Write down what a poll found, only while the poll's lease is still ours and the app is still there."""
    site = Site.objects.select_for_update(no_key=True).filter(pk=poll.site).first()
    if site is None:
        return
    installation = lock(poll.installation)
    address = AddressListing.objects.select_for_update().filter(pk=poll.installation, poll_lease=poll.lease).first()
    if address is None:
        return
    address.poll_lease = address.poll_lease_until = None
    if installation.source == ADDRESS and installation.state in _RUNS:
        _take_in(site, installation, address, finding, now)
    interval = configuration.policy.poll_interval
    address.next_poll_at = next_poll(poll.started, failures=address.poll_failures, seed=poll.url, interval=interval)
    address.save()


def _take_in(site: Site, installation: Installation, address: AddressListing, finding: Finding, now: datetime) -> None:
    if isinstance(finding, Understood):
        trouble = _take_version(site, installation, address, finding, now)
    else:
        trouble = finding if isinstance(finding, Trouble) else None
    if trouble is not None:
        _record_trouble(installation, address, trouble, now)
        return
    if isinstance(finding, Unchanged) and finding.etag is not None:
        address.etag, address.last_modified = finding.etag, finding.last_modified or ""
    if address.problem is not None:
        address.poll_failures, address.problem, address.problem_since = 0, None, None
        _audit("address.recovered", installation, now)


def _take_version(
    site: Site, installation: Installation, address: AddressListing, found: Understood, now: datetime
) -> Trouble | None:
    """Make the version that is due, unless the address changes too often; what is asked is asked as always."""
    try:
        numbered = number(site, installation.app_key, found, now=now)
    except ProblemsError as error:
        return Trouble("invalid", str(error), error.problems)
    if isinstance(numbered, Refusal):
        return Trouble.of_refusal(numbered)
    if numbered.is_new and _has_used_up_its_day(site, address, installation.app_key, now):
        _hold(installation, address, now)
        return None
    version = keep(numbered, actor=ACTOR, now=now)
    address.fetched_sha256 = found.fetched.sha256
    address.etag, address.last_modified = found.fetched.etag, found.fetched.last_modified
    if installation.newest_id != version.pk:
        installation.newest = version
        # While a worker calls the app only the newest version is noted; recording the answer decides anew.
        if replan(installation, now=now) is None:
            installation.save(update_fields=["newest"])
    return None


def _has_used_up_its_day(site: Site, address: AddressListing, app_key: str, now: datetime) -> bool:
    since = max(now - DAY, address.resumed_at)
    return made_since(site, app_key, since) >= configuration.policy.versions_per_day


def _hold(installation: Installation, address: AddressListing, now: datetime) -> None:
    address.held_at = now
    address.held_reason = (
        f"The descriptor changed more than {configuration.policy.versions_per_day} times within a day, so no further "
        "version is made of it until an administrator asks for its address again. Does the app give out another "
        "descriptor each time it is asked?"
    )
    _audit("address.held", installation, now)
    mails.tell_of_hold(installation, address, now=now)


def _record_trouble(installation: Installation, address: AddressListing, trouble: Trouble, now: datetime) -> None:
    address.poll_failures += 1
    is_new = address.problem != trouble.to_json()
    address.problem, address.problem_since = trouble.to_json(), address.problem_since or now
    if is_new:
        _audit("address.problem", installation, now, kind=trouble.kind, text=trouble.text)
        mails.tell_of_trouble(installation, address, trouble, now=now)


def _ask(polls: Sequence[AddressPoll]) -> list[OutgoingResponse | OutgoingError]:
    requests = [_request_or_error(poll) for poll in polls]
    sendable = [each for each in requests if isinstance(each, OutgoingRequest)]
    limits = configuration.limits
    answers = iter(
        outgoing.current().send_all(sendable, at_once_per_host=limits.at_once_per_host, at_once=limits.at_once)
    )
    return [next(answers) if isinstance(each, OutgoingRequest) else each for each in requests]


def _request_or_error(poll: AddressPoll) -> OutgoingRequest | OutgoingError:
    try:
        return request_for(poll.url, etag=poll.etag, last_modified=poll.last_modified)
    except OutgoingError as error:
        return error


def _audit(action: str, installation: Installation, now: datetime, **detail: str) -> None:
    audit.record(
        action, service="host", actor=ACTOR, subject=("installation", installation.pk), now=now,
        scope_id=installation.site_id, app=installation.app_key, **detail,
    )  # fmt: skip
