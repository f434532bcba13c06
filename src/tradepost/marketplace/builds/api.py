"""REST: deploy tokens and trusted builds of an app, and the exchange of identity tokens."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tradepost.foundation.callers import Caller, caller_of
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.rest import Page, PageQuery, TokenAuth, page_of
from tradepost.marketplace.catalog.models import Environment

from . import claims, commands, exchanging, identities, queries
from .authenticating import PREFIX, authenticate
from .issuers import accepted_issuers
from .models import TrustedBuild


class PersonAuth(TokenAuth):
    """A person's own token. A deploy token is told that this is not for it."""

    openapi_name = TokenAuth.__name__

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        if token.startswith(PREFIX):
            return authenticate(token, now=machine_now()).require_person()
        return super().authenticate(request, token)


router = Router(tags=["builds"], auth=PersonAuth())


class DeployTokenOut(Schema):
    """A deploy token without its secret; times are the machine's.

    `trusted` is the trusted build that it was exchanged for, and `run` what the issuer said of the build; null and
    empty for one that a person made.
    """

    id: UUID
    environment: Environment
    name: str
    prefix: str
    trusted: UUID | None = Field(None, alias="trusted_id")
    run: dict[str, str]
    created_at: datetime
    created_by: str
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class MadeDeployToken(DeployTokenOut):
    """A deploy token as it is shown this once."""

    token: str


class NewDeployToken(Schema):
    environment: Environment
    name: str = Field(max_length=commands.LONGEST_NAME, description="what it is for, in your words")
    days: int = Field(90, ge=1, le=commands.LONGEST_LIFE_DAYS, description="how long it lives")


class NewTrustedBuild(Schema):
    """Builds with exactly these claims in an identity token of `issuer` may deploy to `environment`."""

    environment: Environment
    issuer: str = Field(max_length=300, description="one of those that the operator trusts, as it is written there")
    claims: dict[str, str] = Field(
        max_length=claims.MOST_CLAIMS, description="names and exact values; `sub`, or at least two that say whose it is"
    )


class TrustedBuildOut(NewTrustedBuild):
    """`made_at` is domain time, `last_used_at` the machine's. Not `accepted` where the issuer is trusted no longer."""

    id: UUID
    accepted: bool
    made_at: datetime
    made_by: str
    last_used_at: datetime | None


class RefusedBuildOut(Schema):
    """A build that was refused; `at` (machine time) is the last of `times`.

    `why` has one sentence for each trusted build that it did not meet, or one alone. `issuer` and `build` are empty
    where nobody signed what was sent.
    """

    environment: Environment
    issuer: str
    build: str
    why: list[str]
    at: datetime
    times: int


class IdentityExchange(Schema):
    """What a build sends to get a deploy token."""

    app_id: str = Field(max_length=200, description="`app.id` of the manifest")
    environment: Environment
    identity_token: str = Field(
        max_length=identities.LONGEST_TOKEN,
        description="a signed OpenID Connect token of an issuer that is trusted here, with this marketplace as `aud`",
    )


class ExchangedToken(Schema):
    """A deploy token that lives for minutes (machine time)."""

    token: str
    expires_at: datetime


@router.get("/deployed-apps/{uuid:app}/deploy-tokens", response=Page[DeployTokenOut], operation_id="list_deploy_tokens")
def list_deploy_tokens(request: HttpRequest, app: UUID, query: Query[PageQuery]) -> dict[str, Any]:
    """The deploy tokens of an app, the newest first; those of builds too."""
    return page_of(queries.tokens_of(queries.get_app(_reader(request), app)), order=queries.ORDER, query=query)


@router.post(
    "/deployed-apps/{uuid:app}/deploy-tokens", response={201: MadeDeployToken}, operation_id="make_deploy_token"
)
def make_deploy_token(request: HttpRequest, app: UUID, token: NewDeployToken) -> Status[dict[str, Any]]:
    """Make a key that deploys an app to one environment and nothing else. It is in this answer and nowhere else."""
    made = commands.make_token(app, by=_writer(request), now=machine_now(), **token.dict())
    told = DeployTokenOut.from_orm(made.token).dict(by_alias=True)
    return Status(201, {**told, "token": made.secret})


@router.delete(
    "/deployed-apps/{uuid:app}/deploy-tokens/{uuid:token_id}", response={204: None}, operation_id="revoke_deploy_token"
)
def revoke_deploy_token(request: HttpRequest, app: UUID, token_id: UUID) -> Status[None]:
    """Revoke a deploy token for good. It stays in the list."""
    commands.revoke_token(app, token_id, by=_writer(request), now=machine_now())
    return Status(204, None)


@router.get(
    "/deployed-apps/{uuid:app}/trusted-builds", response=Page[TrustedBuildOut], operation_id="list_trusted_builds"
)
def list_trusted_builds(request: HttpRequest, app: UUID, query: Query[PageQuery]) -> dict[str, Any]:
    """The builds that may get a deploy token for an app without a secret, the oldest first."""
    rows = queries.trusted_builds_of(queries.get_app(_reader(request), app))
    page = page_of(rows, order=("made_at", "id"), query=query)
    return {**page, "items": [_trusted(each) for each in page["items"]]}


@router.post(
    "/deployed-apps/{uuid:app}/trusted-builds", response={201: TrustedBuildOut}, operation_id="make_trusted_build"
)
def make_trusted_build(request: HttpRequest, app: UUID, trusted: NewTrustedBuild) -> Status[dict[str, Any]]:
    """Trust builds with exactly these claims. 409 where the operator of this marketplace has named no issuer."""
    made = commands.trust_build(app, by=_writer(request), now=domain_now(), **trusted.dict())
    return Status(201, _trusted(made))


@router.delete(
    "/deployed-apps/{uuid:app}/trusted-builds/{uuid:trusted_id}",
    response={204: None},
    operation_id="remove_trusted_build",
)
def remove_trusted_build(request: HttpRequest, app: UUID, trusted_id: UUID) -> Status[None]:
    """Trust a build no longer; the tokens that such builds hold end at once."""
    commands.distrust_build(app, trusted_id, by=_writer(request), now=domain_now())
    return Status(204, None)


@router.get(
    "/deployed-apps/{uuid:app}/refused-builds", response=Page[RefusedBuildOut], operation_id="list_refused_builds"
)
def list_refused_builds(request: HttpRequest, app: UUID, query: Query[PageQuery]) -> dict[str, Any]:
    """The last builds that asked for a deploy token and got none, and why."""
    rows = queries.refused_builds_of(queries.get_app(_reader(request), app))
    return page_of(rows, order=queries.REFUSED_ORDER, query=query)


@router.post("/identity-exchange", response={201: ExchangedToken}, operation_id="exchange_identity", auth=None)
def exchange_identity(request: HttpRequest, response: HttpResponse, asked: IdentityExchange) -> Status[dict[str, Any]]:
    """Get a deploy token for an identity token, without signing in.

    Each identity token opens something once. Whatever is wrong, the answer is the same 403; the vendor reads why among
    the refused builds of the app.
    """
    made = exchanging.exchange(
        exchanging.Asked(
            asked.app_id, asked.environment.value, asked.identity_token, request.META.get("REMOTE_ADDR", "")
        ),
        now=machine_now(),
    )
    response["Cache-Control"] = "no-store"
    return Status(201, {"token": made.secret, "expires_at": made.token.expires_at})


def _reader(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    caller.require("apps:read")
    return caller


def _writer(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    caller.require("apps:write")
    return caller


def _trusted(trusted: TrustedBuild) -> dict[str, Any]:
    names = [name for name in TrustedBuildOut.model_fields if name != "accepted"]
    return {**{name: getattr(trusted, name) for name in names}, "accepted": trusted.issuer in accepted_issuers()}
