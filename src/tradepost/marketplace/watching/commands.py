"""Polling: take what is due, call the strangers outside any transaction, record each answer over what was read."""

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from tradepost.core.errors import InvalidInputError, ProblemsError
from tradepost.core.release import Refusal, Release
from tradepost.core.schedule import next_poll
from tradepost.foundation import audit, jobs, outgoing
from tradepost.foundation.clock import machine_now
from tradepost.foundation.configuration import configuration
from tradepost.foundation.fetching import Fetched, Trouble, Unchanged, Understood, read_answer, request_for
from tradepost.foundation.outgoing import OutgoingError, OutgoingRequest, OutgoingResponse
from tradepost.foundation.throttling import Throttle
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.catalog.models import Listing, Source
from tradepost.marketplace.hosts import queries as hosts
from tradepost.marketplace.releases import commands as releases
from tradepost.marketplace.releases import queries as versions
from tradepost.marketplace.releases.models import AppVersion

from . import mails
from .claims import Poll, claim_due
from .models import Document, PollEvent

log = logging.getLogger(__name__)

ACTOR = "watching"
DAY = timedelta(days=1)
ASKED_FOR = Throttle(most=120, window=timedelta(minutes=10))
"""Nobody makes us a battering ram: how many addresses one person lets this process ask."""

Finding = Understood | Unchanged | Trouble


def poll_due(now: datetime) -> int:
    """Poll a batch of the listings that are due; return how many were taken up."""
    polls = claim_due(now)
    if not polls:
        return 0
    policy = catalog.listing_policy(hosts.base_urls())
    for poll, answer in zip(polls, _ask(polls), strict=True):
        finding = read_answer(answer, known_sha256=poll.sha256, policy=policy)
        try:
            record(poll, finding, now=now)
        except Exception:
            # One listing must not keep the others of its batch from being recorded; its lease runs out
            # and it is polled again.
            log.exception("the poll of %s could not be recorded", poll.app_key)
    return len(polls)


def record(poll: Poll, finding: Finding, *, now: datetime) -> None:
    """Write down what a poll found, in one transaction, and only while the poll's lease is still ours."""
    if isinstance(finding, Unchanged) and not poll.failing:
        _record_unchanged(poll, finding)
        return
    with transaction.atomic():
        rows = Listing.objects.select_for_update(no_key=True).filter(pk=poll.listing)
        listing = rows.filter(poll_lease=poll.lease).first()
        if listing is None:
            return
        _take_in(listing, finding, now=now)
        listing.poll_lease = listing.poll_lease_until = None
        listing.next_poll_at = _next_poll(poll, failures=listing.poll_failures)
        listing.save(update_fields=POLL_FIELDS)


POLL_FIELDS = [
    "poll_lease",
    "poll_lease_until",
    "next_poll_at",
    "poll_failures",
    "etag",
    "last_modified",
    "fetched_sha256",
    "problem",
    "problem_since",
    "degraded_at",
    "held_at",
    "held_reason",
]


def fetch_descriptor(url: str, *, asked_by: str = ACTOR) -> Understood:
    """Ask an address that a person gave, now. Call it outside any transaction.

    Raises InvalidInputError where it cannot be asked or does not answer as it should, ProblemsError with every
    problem of a descriptor that cannot be listed, LimitError for a person who asks for too many.
    """
    ASKED_FOR.check(asked_by, now=machine_now())
    ASKED_FOR.count(asked_by, now=machine_now())
    policy = catalog.listing_policy(hosts.base_urls())
    try:
        answer: OutgoingResponse | OutgoingError = outgoing.current().send(request_for(url))
    except OutgoingError as error:
        answer = error
    found = read_answer(answer, policy=policy)
    if isinstance(found, Understood):
        return found
    if isinstance(found, Trouble) and found.problems:
        raise ProblemsError(found.problems)
    text = found.text if isinstance(found, Trouble) else "The descriptor address answered without a descriptor."
    raise InvalidInputError(text, "/descriptor_url")


def make_due(listing: Listing, *, now: datetime) -> None:
    """Poll a listing as soon as possible; what a poll under way finds is dropped. The row must be locked."""
    assert listing.source == Source.WATCHED, "nothing is polled for a deployed app"
    listing.next_poll_at = now
    listing.poll_lease = listing.poll_lease_until = None
    listing.save(update_fields=["next_poll_at", "poll_lease", "poll_lease_until"])
    jobs.defer("poll_due_listings")


def keep_document(fetched: Fetched, *, now: datetime) -> Document:
    """Keep the bytes under their hash, once."""
    return keep_content(fetched.content, now=now)


def keep_content(content: bytes, *, now: datetime) -> Document:
    """Keep bytes under their hash, once, wherever they came from."""
    document = Document(sha256=hashlib.sha256(content).hexdigest(), content=content, first_fetched_at=now)
    Document.objects.bulk_create([document], ignore_conflicts=True)
    return document


def _ask(polls: Sequence[Poll]) -> list[OutgoingResponse | OutgoingError]:
    requests = [_request_or_error(poll) for poll in polls]
    sendable = [request for request in requests if isinstance(request, OutgoingRequest)]
    limits = configuration.limits
    answers = iter(
        outgoing.current().send_all(sendable, at_once_per_host=limits.at_once_per_host, at_once=limits.at_once)
    )
    return [next(answers) if isinstance(each, OutgoingRequest) else each for each in requests]


def _request_or_error(poll: Poll) -> OutgoingRequest | OutgoingError:
    try:
        return request_for(poll.url, etag=poll.etag, last_modified=poll.last_modified)
    except OutgoingError as error:
        return error


def _record_unchanged(poll: Poll, finding: Unchanged) -> None:
    """A poll that finds nothing new writes the listing's row and no other."""
    values: dict[str, object] = {
        "poll_lease": None,
        "poll_lease_until": None,
        "next_poll_at": _next_poll(poll, failures=0),
    }
    if finding.etag is not None:
        values |= {"etag": finding.etag, "last_modified": finding.last_modified}
    Listing.objects.filter(pk=poll.listing, poll_lease=poll.lease).update(**values)


def _next_poll(poll: Poll, *, failures: int) -> datetime:
    interval = configuration.policy.poll_interval
    return next_poll(poll.started, failures=failures, seed=poll.app_key, interval=interval)


def _take_in(listing: Listing, finding: Finding, *, now: datetime) -> None:
    if isinstance(finding, Trouble):
        _record_trouble(listing, finding, now=now)
        return
    if isinstance(finding, Understood):
        outcome = _make_version(listing, finding, now=now)
        if isinstance(outcome, Refusal):
            _record_trouble(listing, Trouble.of_refusal(outcome), now=now)
            return
        if listing.held_at is None:  # what a held listing fetched is looked at again when it is resumed
            listing.fetched_sha256 = finding.fetched.sha256
            listing.etag, listing.last_modified = finding.fetched.etag, finding.fetched.last_modified
    elif finding.etag is not None:
        listing.etag, listing.last_modified = finding.etag, finding.last_modified or ""
    if listing.problem is not None:
        _record_recovery(listing, now=now)


def _make_version(listing: Listing, found: Understood, *, now: datetime) -> AppVersion | Refusal | None:
    """Make the version that is due, unless the listing changes too often: then hold it and make none."""
    if _has_used_up_its_day(listing, now=now):
        decision = versions.decide(versions.find_newest(listing), found.descriptor.document)
        if isinstance(decision, Release):
            _hold(listing, now=now)
        return decision if isinstance(decision, Refusal) else None
    document = keep_document(found.fetched, now=now)
    made = releases.make_version(listing, found.descriptor, document, made_by=ACTOR, now=now)
    if isinstance(made, AppVersion):
        _note(listing, "version", f"Version {made.number} was made.", now=now)
    return made


def _has_used_up_its_day(listing: Listing, *, now: datetime) -> bool:
    since = max(now - DAY, listing.resumed_at or now - DAY)
    return versions.made_since(listing, since) >= configuration.policy.versions_per_day


def _hold(listing: Listing, *, now: datetime) -> None:
    most = configuration.policy.versions_per_day
    listing.held_at = now
    listing.held_reason = (
        f"The descriptor of {listing.name} changed more than {most} times within a day, so no further version "
        "is made of it until you resume. Does your service give out another descriptor each time it is asked?"
    )
    _note(listing, "held", listing.held_reason, now=now)
    _audit("listing.held", listing, now=now)
    mails.tell_of_hold(listing, now=now)


def _record_trouble(listing: Listing, trouble: Trouble, *, now: datetime) -> None:
    listing.poll_failures += 1
    is_new = listing.problem != trouble.to_json()
    listing.problem = trouble.to_json()
    listing.problem_since = listing.problem_since or now
    if is_new:
        _note(listing, trouble.kind, trouble.text, now=now, problems=listing.problem["problems"])
        _audit("listing.problem", listing, now=now, kind=trouble.kind, text=trouble.text)
        mails.tell_of_trouble(listing, trouble, now=now)
    if listing.degraded_at is None and listing.poll_failures >= configuration.policy.failures_until_degraded:
        listing.degraded_at = now
        _note(listing, "degraded", trouble.text, now=now)
        _audit("listing.degraded", listing, now=now)
        mails.tell_of_degradation(listing, trouble, now=now)


def _record_recovery(listing: Listing, *, now: datetime) -> None:
    since, degraded = listing.problem_since or now, listing.degraded_at is not None
    listing.poll_failures = 0
    listing.problem = listing.problem_since = listing.degraded_at = None
    _note(listing, "recovered", "The descriptor can be read again.", now=now)
    _audit("listing.recovered", listing, now=now)
    mails.tell_of_recovery(listing, since=since, degraded=degraded, now=now)


def _note(listing: Listing, outcome: str, text: str, *, now: datetime, problems: Sequence[dict[str, str]] = ()) -> None:
    PollEvent.objects.create(listing=listing, at=now, outcome=outcome[:20], text=text, problems=list(problems))


def _audit(action: str, listing: Listing, *, now: datetime, **detail: str) -> None:
    audit.record(
        action,
        service="marketplace",
        actor=ACTOR,
        subject=("listing", listing.pk),
        now=now,
        scope_id=listing.vendor_id,
        app=listing.app_key,
        **detail,
    )
