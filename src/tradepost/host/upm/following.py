"""Following an installation link of our marketplace: its token is applied to the site, its app comes from there.

The token is told to the marketplace over the wire and to nobody else; nothing here keeps it.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tradepost.core.errors import ConflictError
from tradepost.foundation.callers import Caller
from tradepost.host.installing.commands import begin
from tradepost.host.installing.models import ADDRESS, Installation, KnownVersion
from tradepost.host.installing.versions import learn
from tradepost.host.licenses.asking import keep_before_install
from tradepost.host.licenses.caching import keep
from tradepost.host.licenses.commands import note_applied, use_token
from tradepost.host.licenses.links import PastedToken
from tradepost.host.marketlink.client import marketplace
from tradepost.host.sites.commands import check_now
from tradepost.host.sites.models import Site
from tradepost.wire.licenses import TokenApplied

from .placing import GONE, SWITCHED_OFF, Placed, SwitchedOffError

NO_VERSION = "The access token is applied, but the app has no version yet that this site may run."
BY_ADDRESS = (
    "{0} is on this site by its address. Either apply the access token to it under Manage apps: it is then licensed "
    "and stays by its address. Or uninstall it and use the link again: it then comes from the marketplace."
)


def follow_link(site_id: UUID, link: PastedToken, *, confirmed: bool, by: Caller, now: datetime) -> Placed:
    """Apply the link's token and put its app on the site. See `requests.install_by_link` for what it raises."""
    if not Site.objects.filter(pk=site_id, private_listings=True).exists():
        raise SwitchedOffError(SWITCHED_OFF)
    assert link.app is not None, "a link names its app"
    _find_present(site_id, link.app)
    applied = use_token(site_id, link, link.app, confirmed=confirmed, by=by)
    version = learn(applied.version, marketplace(), now) if applied.version is not None else None
    return _place(site_id, applied, version, by, now)


@transaction.atomic
def _place(site_id: UUID, applied: TokenApplied, version: KnownVersion | None, by: Caller, now: datetime) -> Placed:
    # In the order in which everybody locks: the site, then what is on it.
    site = Site.objects.select_for_update(no_key=True).get(pk=site_id)
    present = _find_present(site.pk, applied.decision.app)
    if present is None:
        if version is None:
            raise ConflictError(NO_VERSION)
        installation = begin(site.pk, version, by=by, now=now)
        keep_before_install(installation, applied.decision, now=now)
        placed = Placed(installation, version, installation.upgrade_id)
    else:
        # A holder of a token may run private versions too: the next check, now, says which.
        check_now(site.pk, by=by, now=now)
        known = present.running or present.newest
        assert known is not None, "what is there runs or is about to run something"
        keep([applied.decision], now=now)
        placed = Placed(present, known, None)
    note_applied(placed.installation, applied, by, now)
    return placed


def _find_present(site_id: UUID, app_key: str) -> Installation | None:
    """The app where the site has it from the marketplace. Raises ConflictError where it has it by its address."""
    rows = Installation.objects.select_related("running", "newest").exclude(state__in=GONE)
    present = rows.filter(site_id=site_id, app_key=app_key).first()
    if present is not None and present.source == ADDRESS:
        raise ConflictError(BY_ADDRESS.format(app_key))
    return present
