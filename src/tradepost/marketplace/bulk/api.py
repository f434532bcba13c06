"""REST: rollouts that vendors start. People start and cancel them; a deploy token sees those of its environment."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from tradepost.foundation import problems
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import Page, page_of
from tradepost.marketplace.deployments import queries as deployed
from tradepost.marketplace.deployments.signing_in import DeployerAuth, reading, writing

from . import commands, queries
from .api_shapes import (
    BulkRolloutOut,
    BulkSiteOut,
    NewRollout,
    RolloutQuery,
    RolloutSiteQuery,
    prospect_out,
    rollout_out,
    site_out,
)
from .models import BulkUpgrade
from .prospects import RETRY_MINUTES, TooManyRolloutsError, Wanted

router = Router(tags=["rollouts"], auth=DeployerAuth())


@router.post(
    "/deployed-apps/{uuid:app}/rollouts",
    response={200: BulkRolloutOut, 201: BulkRolloutOut},
    operation_id="start_rollout",
)
def start_rollout(request: HttpRequest, app: UUID, rollout: NewRollout) -> Status[dict[str, Any]] | HttpResponse:
    """Bring sites of one major to another without asking them (people only). A dry run (200) says which sites."""
    by = writing(request)
    wanted = Wanted(rollout.environment, rollout.from_major, rollout.to_version or "", rollout.limit)
    try:
        if rollout.dry_run:
            return Status(200, prospect_out(commands.look(app, wanted, by=by)))
        bulk = commands.start(app, wanted, by=by, now=domain_now()).bulk
    except TooManyRolloutsError as error:
        answer = problems.answer_for(request, error)
        answer["Retry-After"] = str(RETRY_MINUTES * 60)
        return answer
    return Status(201, _out(bulk))


@router.get("/deployed-apps/{uuid:app}/rollouts", response=Page[BulkRolloutOut], operation_id="list_rollouts")
def list_rollouts(request: HttpRequest, app: UUID, query: Query[RolloutQuery]) -> dict[str, Any]:
    """The rollouts of an app, the newest first."""
    by = reading(request)
    found = deployed.get_app(by, app)
    if query.environment is not None:
        deployed.check_environment(by, query.environment)
    rows = queries.rollouts(by, found, environment=query.environment or "", state=query.state)
    page = page_of(rows, order=queries.ORDER, query=query)
    counts = queries.counts_of(page["items"])
    return {**page, "items": [rollout_out(bulk, counts[bulk.pk]) for bulk in page["items"]]}


@router.get("/deployed-apps/{uuid:app}/rollouts/{uuid:rollout}", response=BulkRolloutOut, operation_id="get_rollout")
def get_rollout(request: HttpRequest, app: UUID, rollout: UUID) -> dict[str, Any]:
    """One rollout and how far it is."""
    return _out(_seen(request, app, rollout))


@router.get(
    "/deployed-apps/{uuid:app}/rollouts/{uuid:rollout}/sites",
    response=Page[BulkSiteOut],
    operation_id="list_rollout_sites",
)
def list_rollout_sites(
    request: HttpRequest, app: UUID, rollout: UUID, query: Query[RolloutSiteQuery]
) -> dict[str, Any]:
    """The sites that a rollout took, and what became of each."""
    rows = queries.sites_of(_seen(request, app, rollout), state=query.state)
    page = page_of(rows, order=("id",), query=query)
    return {**page, "items": [site_out(row) for row in page["items"]]}


@router.post(
    "/deployed-apps/{uuid:app}/rollouts/{uuid:rollout}/cancellation",
    response=BulkRolloutOut,
    operation_id="cancel_rollout",
)
def cancel_rollout(request: HttpRequest, app: UUID, rollout: UUID) -> dict[str, Any]:
    """Stop a rollout (people only): sites that were upgraded stay upgraded."""
    return _out(commands.cancel(app, rollout, by=writing(request), now=domain_now()))


def _seen(request: HttpRequest, app: UUID, rollout: UUID) -> BulkUpgrade:
    by = reading(request)
    return queries.get_rollout(by, deployed.get_app(by, app), rollout)


def _out(bulk: BulkUpgrade) -> dict[str, Any]:
    return rollout_out(bulk, queries.counts_of([bulk])[bulk.pk])
