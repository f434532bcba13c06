"""REST: the access tokens of an app."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import AwareDatetime, Field

from tradepost.core.edition import Edition
from tradepost.core.license import Simulated
from tradepost.foundation.callers import Caller, caller_of
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import Page, PageQuery, page_of
from tradepost.marketplace.catalog import queries as catalog

from . import commands, queries
from .models import AccessToken

router = Router(tags=["access tokens"])


class SiteOfToken(Schema):
    """The site to which a token belongs."""

    site: UUID
    name: str
    base_url: str


class AccessTokenOut(Schema):
    """A test license. Times are domain time; `prefix` is all of the token that is kept."""

    id: UUID
    name: str
    prefix: str
    state: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    site: SiteOfToken | None
    bound_at: datetime | None
    bound_by: str
    applied: bool
    simulated: str
    edition: str
    removed_at: datetime | None
    removed_by: str


class MadeToken(AccessTokenOut):
    """A token as it is shown this once, and the link that installs its app."""

    token: str
    link: str


class NewToken(Schema):
    name: str = Field("", max_length=commands.LONGEST_NAME, description="for whom, in your words")
    expires_at: AwareDatetime | None = Field(None, description="until when it can be used first; domain time")


class Simulation(Schema):
    """What the license of the token's site is to look like; what is left out stays."""

    simulated: Simulated | None = None
    edition: Edition | None = None


@router.get("/listings/{key}/tokens", response=Page[AccessTokenOut], operation_id="list_access_tokens")
def list_access_tokens(request: HttpRequest, key: str, query: Query[PageQuery]) -> dict[str, Any]:
    """The access tokens of an app, the newest first."""
    listing = catalog.get_listing(_reader(request), key)
    page, now = page_of(queries.tokens_of(listing), order=queries.ORDER, query=query), domain_now()
    return {**page, "items": [_token(each, now) for each in page["items"]]}


@router.post("/listings/{key}/tokens", response={201: MadeToken}, operation_id="make_access_token")
def make_access_token(request: HttpRequest, key: str, token: NewToken) -> Status[dict[str, Any]]:
    """Make a token. It and its link are in this answer and nowhere else."""
    by, now = _writer(request), domain_now()
    made = commands.make(key, by=by, now=now, name=token.name, expires_at=token.expires_at)
    return Status(201, _made(made, now))


@router.get("/listings/{key}/tokens/{uuid:token_id}", response=AccessTokenOut, operation_id="get_access_token")
def get_access_token(request: HttpRequest, key: str, token_id: UUID) -> dict[str, Any]:
    """One access token."""
    return _token(queries.get_token(_reader(request), key, token_id), domain_now())


@router.delete("/listings/{key}/tokens/{uuid:token_id}", response=AccessTokenOut, operation_id="remove_access_token")
def remove_access_token(request: HttpRequest, key: str, token_id: UUID) -> dict[str, Any]:
    """Take a token back for good. It stays in the list, removed."""
    by, now = _writer(request), domain_now()
    commands.remove(key, token_id, by=by, now=now)
    return _token(queries.get_token(by, key, token_id), now)


@router.post(
    "/listings/{key}/tokens/{uuid:token_id}/links", response={201: MadeToken}, operation_id="renew_access_token"
)
def renew_access_token(request: HttpRequest, key: str, token_id: UUID) -> Status[dict[str, Any]]:
    """Give a token that nobody has used a new secret and link; the ones before are worthless from now on."""
    now = domain_now()
    return Status(201, _made(commands.new_link(key, token_id, by=_writer(request), now=now), now))


@router.put(
    "/listings/{key}/tokens/{uuid:token_id}/simulation",
    response=AccessTokenOut,
    operation_id="simulate_with_access_token",
)
def simulate_with_access_token(request: HttpRequest, key: str, token_id: UUID, wanted: Simulation) -> dict[str, Any]:
    """Choose what the license of the token's site looks like: one of six states, and the edition."""
    by, now = _writer(request), domain_now()
    commands.simulate(key, token_id, by=by, now=now, simulated=wanted.simulated, edition=wanted.edition)
    return _token(queries.get_token(by, key, token_id), now)


def _reader(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    caller.require("apps:read")
    return caller


def _writer(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    caller.require("apps:write")
    return caller


def _made(made: commands.Made, now: datetime) -> dict[str, Any]:
    return {**_token(made.token, now), "token": made.secret, "link": made.link}


def _token(token: AccessToken, now: datetime) -> dict[str, Any]:
    names = [name for name in AccessTokenOut.model_fields if name not in {"site", "state"}]
    site = token.site
    told = {"site": site.site, "name": site.name, "base_url": site.base_url} if site is not None else None
    return {**{name: getattr(token, name) for name in names}, "state": queries.state_of(token, now), "site": told}
