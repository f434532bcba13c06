"""Signed-in addresses of a site's pages, for scripts: good once, for a minute.

Whoever opens one has a browser session as that person on that host. The ticket in it is random, kept as a hash, and
gone once it was used; the page is kept with it and not in the address, so that nobody can lead it elsewhere.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit
from uuid import UUID

from django.db import transaction

from tradepost.core.errors import ForbiddenError, InvalidInputError
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import new_id, new_secret
from tradepost.foundation.models import User
from tradepost.foundation.secrets import hash_token

from .acting import act_as, is_member
from .models import EntryTicket, Site

LIFE = timedelta(seconds=60)
"""Of an address, machine time."""

SESSION_LIFE = timedelta(hours=1)
"""Of the session it is exchanged for, machine time."""

LONGEST_PATH = 2_000
"""Characters of the path of a page."""
ENTRANCE = "enter"
_WRONG = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_BACK_OFFICE = "/back-office"
REFUSED = "This address is good once, and for a minute. Ask for a new one."


@dataclass(frozen=True, slots=True)
class Entry:
    """Who comes in, and where they go."""

    user: User
    path: str


@transaction.atomic
def make_page_address(
    site_id: UUID, path: str, *, user: str, by: Caller, now: datetime, machine: datetime
) -> tuple[str, datetime]:
    """An address that shows a page of the site to `user` (e-mail address or account id), and until when.

    For operators. `path` is that of the page, with or without the site's context path; `now` is domain time, `machine`
    the machine's. Raises InvalidInputError for a path that leads off the site, for somebody who is no active member,
    and for operators: what they may do is not handed on.
    """
    site, person = act_as(site_id, user, what="page-url", by=by, now=now, path=path[:LONGEST_PATH])
    if person.is_operator:
        raise InvalidInputError("Nobody acts as an operator: give a person who is none.", "/user")
    whole = path_on(site, path)
    EntryTicket.objects.filter(expires_at__lte=machine).delete()
    plain, until = new_secret(32), machine + LIFE
    EntryTicket.objects.create(
        id=new_id(), digest=hash_token(plain), site=site, user=person, path=whole, expires_at=until
    )
    origin = site.base_url.removesuffix(site.context_path)
    return f"{origin}/{ENTRANCE}/{plain}", until


@transaction.atomic
def take_ticket(plain: str, *, host: str, machine: datetime) -> Entry:
    """Use up a ticket on the host name that it was opened at. Raises ForbiddenError where it does not count."""
    found = EntryTicket.objects.select_for_update().select_related("site", "user").filter(digest=hash_token(plain))
    ticket = found.first()
    if ticket is None or ticket.expires_at <= machine or (ticket.site.host_name or host).lower() != host.lower():
        raise ForbiddenError(REFUSED)
    ticket.delete()
    if ticket.user.is_operator or not is_member(ticket.site, ticket.user):
        raise ForbiddenError(REFUSED)
    return Entry(ticket.user, ticket.path)


def path_on(site: Site, path: str) -> str:
    """The path of a site's page on its host. Raises InvalidInputError for what could lead elsewhere."""
    parts = urlsplit(path) if path.startswith("/") and not path.startswith("//") else None
    if parts is None or parts.netloc or len(path) > LONGEST_PATH or _WRONG.search(path):
        raise InvalidInputError("A page is given by its path on the site, such as /projects/.", "/path")
    plain = _decoded(parts.path)
    if _WRONG.search(plain.replace(" ", "")) or "//" in plain or {".", ".."} & set(plain.split("/")):
        raise InvalidInputError("The path of a page has no dots, backslashes or empty parts.", "/path")
    root = site.context_path
    whole = path if root and (plain == root or plain.startswith(f"{root}/")) else root + path
    if _decoded(whole).startswith(_BACK_OFFICE):
        raise InvalidInputError("The back office is no page of a site.", "/path")
    return whole


def _decoded(path: str) -> str:
    """Escapes of escapes too, for whoever decodes once more on the way."""
    for _ in range(3):
        path = unquote(path)
    return path
