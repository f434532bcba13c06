"""Wishes to have the app at an address: asked in a moment, carried out by a worker.

The address is read outside of any transaction, under a lease: a worker may die, and then another reads it again.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from tradepost.core.errors import ForbiddenError, LimitError, NotFoundError, TradepostError
from tradepost.foundation import audit, due, jobs
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.fetching import Understood
from tradepost.foundation.outgoing import OutgoingError, OutgoingResponse
from tradepost.host.installing.models import Installation, bytes_of
from tradepost.host.licenses.links import PastedToken, descriptor_address, read_link
from tradepost.host.sites.models import Site
from tradepost.host.sites.queries import require_administrator, require_keeper

from .following import follow_link
from .models import InstallRequest
from .placing import Placed, SwitchedOffError, ask_addresses, check_url, place, require_wish, understood
from .reasons import code_of
from .states import RequestState

log = logging.getLogger(__name__)

WORK = "install_requested_apps"
BATCH = 16
LEASE = timedelta(minutes=2)
"""Machine time. The slowest batch is all at one host, 4 at once, 10 seconds each."""

MOST_WISHES = 120
WITHIN = timedelta(minutes=10)
"""Nobody makes us a battering ram: how often one site's administrators let us ask addresses."""

KEPT = timedelta(days=1)


def install_by_address(site_id: UUID, url: str, *, by: Caller, now: datetime) -> Installation:
    """Read the descriptor at `url` now and put its app on the site. Not to be called inside a transaction.

    What the app asks is granted with this. Raises ForbiddenError, SwitchedOffError (a conflict), ConflictError for an
    app that the site has from the marketplace, InvalidInputError and ProblemsError for what was found there.
    """
    link = read_link(url)
    if link is not None:
        return install_by_link(site_id, link, by=by, now=now).installation
    require_wish(site_id, url, by=by)
    _check_share(site_id, now)
    with transaction.atomic():
        request = _make(site_id, url, by, now, state=RequestState.PLACED)
    try:
        found = understood(ask_addresses([url])[0])
        with transaction.atomic():
            placed = place(site_id, url, found, by=by, now=now)
            _note_placed(request, placed)
    except TradepostError as error:
        _note_failed(request, error)
        raise
    return placed.installation


def ask_to_install(site_id: UUID, url: str, *, confirmed: bool = False, by: Caller, now: datetime) -> InstallRequest:
    """Wish for the app at `url`, or for that of an installation link. What then goes wrong is said by the wish itself.

    An address is read by a worker, at once. A link is followed here and now, for its token is kept nowhere. Not to be
    called inside a transaction. Raises ForbiddenError, InvalidInputError for no address of http or https, LimitError.
    """
    require_keeper(by, site_id)
    link = read_link(url)
    if link is None:
        return _ask_for_address(site_id, url, by, now)
    request = _begin(site_id, link, by, now)
    with suppress(TradepostError):  # the wish says why
        _follow(request, link, confirmed=confirmed, by=by, now=now)
    return request


def install_by_link(
    site_id: UUID, link: PastedToken, *, confirmed: bool = False, by: Caller, now: datetime
) -> InstallRequest:
    """Use an installation link of our marketplace: its token is applied, and its app comes from the marketplace.

    What the app asks is granted with this. An app that the site has from the marketplace already only gets the token.
    Not to be called inside a transaction. Raises ForbiddenError, SwitchedOffError (a conflict), ConflictError for an
    app that the site has by its address, MarketplaceError, which has the rule CONFIRM where the site pays for the app
    and nobody has `confirmed` that the token hides that.
    """
    request = _begin(site_id, link, by, now)
    _follow(request, link, confirmed=confirmed, by=by, now=now)
    return request


@transaction.atomic
def _ask_for_address(site_id: UUID, url: str, by: Caller, now: datetime) -> InstallRequest:
    check_url(url)
    _check_share(site_id, now)
    request = _make(site_id, url, by, now, state=RequestState.WAITING)
    try:
        require_wish(site_id, url, by=by)
    except SwitchedOffError as error:
        _note_failed(request, error)
        return request
    jobs.defer(WORK)
    return request


def get_request(caller: Caller, site_id: UUID, request_id: UUID) -> InstallRequest:
    """A wish of one of the site's administrators. Raises NotFoundError."""
    require_keeper(caller, site_id)
    rows = InstallRequest.objects.select_related("installation__running", "version", "site")
    found = rows.defer(*bytes_of("installation__running", "version")).filter(pk=request_id, site_id=site_id)
    request = found.first()
    if request is None:
        raise NotFoundError("installation task", request_id)
    return request


def _begin(site_id: UUID, link: PastedToken, by: Caller, now: datetime) -> InstallRequest:
    """The wish for the app of a link, which is kept without its token."""
    require_administrator(by, site_id)
    assert link.app is not None, "a link names its app"
    _check_share(site_id, now)
    with transaction.atomic():
        return _make(site_id, descriptor_address(link.app), by, now, state=RequestState.PLACED)


def _follow(request: InstallRequest, link: PastedToken, *, confirmed: bool, by: Caller, now: datetime) -> None:
    try:
        _note_placed(request, follow_link(request.site_id, link, confirmed=confirmed, by=by, now=now))
    except TradepostError as error:
        _note_failed(request, error)
        raise


def carry_out_requests(now: datetime) -> int:
    """Read the addresses of a batch of wishes and put their apps on their sites; return how many were taken up."""
    lease = new_id()
    requests = _claim(lease)
    answers = ask_addresses([request.url for request in requests])
    for request, answer in zip(requests, answers, strict=True):
        try:
            _carry_out(request, answer, lease, now)
        except Exception:
            # One wish must not keep the others of its batch from being fulfilled; its lease runs out.
            log.exception("the wish %s could not be carried out", request.pk)
    return len(requests)


@due.earliest("asked_at")
def find_next_request(machine: datetime) -> QuerySet[InstallRequest]:
    """When the oldest wish that no worker holds was made (domain time)."""
    return InstallRequest.objects.filter(Q(lease=None) | Q(lease_until__lt=machine), state=RequestState.WAITING)


def _carry_out(request: InstallRequest, answer: OutgoingResponse | OutgoingError, lease: UUID, now: datetime) -> None:
    try:
        found = understood(answer)
        _place(request, found, lease, now)
    except TradepostError as error:
        _note_failed(request, error, lease=lease)


@transaction.atomic
def _place(request: InstallRequest, found: Understood, lease: UUID, now: datetime) -> None:
    # In the order in which everybody locks: the site, then what is on it.
    Site.objects.select_for_update(no_key=True).get(pk=request.site_id)
    mine = InstallRequest.objects.select_for_update().filter(pk=request.pk, lease=lease, state=RequestState.WAITING)
    if mine.exists():
        _note_placed(request, place(request.site_id, request.url, found, by=Caller(request.user), now=now))


def _claim(lease: UUID) -> list[InstallRequest]:
    machine = machine_now()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [lease, machine + LEASE, machine, BATCH])
        ids = [row[0] for row in cursor.fetchall()]
    mine = InstallRequest.objects.filter(pk__in=ids).select_related("user").order_by("asked_at", "pk")
    gone = ForbiddenError("Who asked for this has no account any more.")
    for request in mine:
        if not request.user.is_active:
            _note_failed(request, gone, lease=lease)
    return [request for request in mine if request.user.is_active]


_CLAIM = """
    UPDATE upm_installrequest SET lease = %s, lease_until = %s
    WHERE id IN (
        SELECT id FROM upm_installrequest
        WHERE state = 'waiting' AND (lease_until IS NULL OR lease_until < %s)
        ORDER BY asked_at, id LIMIT %s FOR UPDATE SKIP LOCKED
    )
    RETURNING id
"""


def _make(site_id: UUID, url: str, by: Caller, now: datetime, *, state: RequestState) -> InstallRequest:
    InstallRequest.objects.filter(site_id=site_id, asked_at__lt=now - KEPT).delete()
    request = InstallRequest.objects.create(
        id=new_id(), site_id=site_id, user=by.user, url=url, asked_at=now, state=state
    )
    audit.record(
        "address.install_asked", service="host", actor=by.actor, subject=("site", site_id), now=now, scope_id=site_id,
        url=url,
    )  # fmt: skip
    return request


def _check_share(site_id: UUID, now: datetime) -> None:
    if InstallRequest.objects.filter(site_id=site_id, asked_at__gt=now - WITHIN).count() >= MOST_WISHES:
        raise LimitError("This site was asked for apps by address too often; try again in some minutes.")


def _note_placed(request: InstallRequest, placed: Placed) -> None:
    request.state = RequestState.PLACED
    request.installation, request.version = placed.installation, placed.version
    request.upgrade_id, request.delivery = placed.upgrade_id, placed.delivery
    request.save(update_fields=["state", "installation", "version", "upgrade_id", "delivery"])


def _note_failed(request: InstallRequest, error: TradepostError, *, lease: UUID | None = None) -> None:
    request.state, request.error, request.error_code = RequestState.FAILED, str(error), code_of(error)
    rows: Sequence[str] = ("state", "error", "error_code")
    InstallRequest.objects.filter(pk=request.pk, lease=lease).update(**{name: getattr(request, name) for name in rows})
