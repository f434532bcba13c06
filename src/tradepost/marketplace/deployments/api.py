"""REST: apps that are deployed, deployments, and what became of them. For people's tokens and for deploy tokens."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import Page, PageQuery, page_of

from . import commands, queries
from .api_shapes import (
    AppQuery,
    ComparisonOut,
    ComparisonQuery,
    DeployedAppOut,
    DeployedVersionOut,
    DeploymentOut,
    EnvironmentOut,
    EnvironmentQuery,
    InstallationOut,
    InstallationQuery,
    NewDeployedApp,
    NewDeployment,
    VersionQuery,
    WholeDeployedVersion,
    Withdrawal,
    app_out,
    deployment_out,
    environment_out,
    installation_out,
    version_out,
    whole_version_out,
)
from .deciding import Wanted
from .deployers import Deployer
from .models import DeployedApp
from .signing_in import DeployerAuth, reading, writing

router = Router(tags=["deployments"], auth=DeployerAuth())

MANIFEST = "text/yaml; charset=utf-8"


@router.post("/deployed-apps", response={201: DeployedAppOut}, operation_id="register_app")
def register_app(request: HttpRequest, app: NewDeployedApp) -> Status[dict[str, Any]]:
    """Register an app, which is deployed from the command line."""
    by = writing(request).require_person()
    made = commands.register(app.name, vendor=app.vendor, app_id=app.app_id, by=by, now=domain_now())
    return Status(201, app_out(made))


@router.get("/deployed-apps", response=Page[DeployedAppOut], operation_id="list_deployed_apps")
def list_deployed_apps(request: HttpRequest, query: Query[AppQuery]) -> dict[str, Any]:
    """The deployed apps of your vendors; for a deploy token its own."""
    page = page_of(queries.apps(reading(request), app_id=query.app_id), order=("name", "id"), query=query)
    return {**page, "items": [app_out(each) for each in page["items"]]}


@router.get("/deployed-apps/{uuid:app}", response=DeployedAppOut, operation_id="get_deployed_app")
def get_deployed_app(request: HttpRequest, app: UUID) -> dict[str, Any]:
    """One app."""
    return app_out(queries.get_app(reading(request), app))


@router.get("/deployed-apps/{uuid:app}/environments", response=list[EnvironmentOut], operation_id="get_environments")
def get_environments(request: HttpRequest, app: UUID) -> list[dict[str, Any]]:
    """How the environments stand, production first; a deploy token sees its own."""
    by = reading(request)
    states = queries.environment_states(queries.get_app(by, app), queries.environments_for(by))
    return [environment_out(each) for each in states]


@router.post(
    "/deployed-apps/{uuid:app}/deployments", response={200: DeploymentOut, 201: DeploymentOut}, operation_id="deploy"
)
def deploy(request: HttpRequest, app: UUID, deployment: NewDeployment) -> Status[dict[str, Any]]:
    """Deploy a manifest to an environment. A dry run (200) says what would happen, also of a major nobody approved."""
    by = writing(request)
    wanted = Wanted(**deployment.dict())
    outcome = commands.deploy(queries.get_app(by, app), wanted, by=by, now=domain_now())
    return Status(200 if wanted.dry_run else 201, deployment_out(outcome))


@router.get(
    "/deployed-apps/{uuid:app}/versions", response=Page[DeployedVersionOut], operation_id="list_deployed_versions"
)
def list_deployed_versions(request: HttpRequest, app: UUID, query: Query[VersionQuery]) -> dict[str, Any]:
    """The versions in an environment, the highest number first."""
    _, found = _seen(request, app, query.environment)
    rows = queries.versions_of(found, query.environment, major=query.major)
    page = page_of(rows, order=("-order_key",), query=PageQuery(after=query.after, limit=query.limit))
    sites = queries.sites_on(page["items"])
    return {**page, "items": [version_out(each, sites.get(each.pk, 0)) for each in page["items"]]}


@router.get(
    "/deployed-apps/{uuid:app}/versions/{number}", response=WholeDeployedVersion, operation_id="get_deployed_version"
)
def get_deployed_version(
    request: HttpRequest, app: UUID, number: str, query: Query[EnvironmentQuery]
) -> dict[str, Any]:
    """One version: why it was made, and what it asks for."""
    _, found = _seen(request, app, query.environment)
    version = queries.get_deployed_version(found, query.environment, number)
    return whole_version_out(version, queries.sites_on([version]).get(version.pk, 0))


@router.get(
    "/deployed-apps/{uuid:app}/versions/{number}/manifest",
    operation_id="get_manifest",
    openapi_extra={"responses": {200: {"description": "The manifest", "content": {"text/yaml": {}}}}},
)
def get_manifest(request: HttpRequest, app: UUID, number: str, query: Query[EnvironmentQuery]) -> HttpResponse:
    """The manifest as it was deployed, byte by byte."""
    _, found = _seen(request, app, query.environment)
    version = queries.get_deployed_version(found, query.environment, number)
    return HttpResponse(queries.get_manifest(version), content_type=MANIFEST)


@router.get("/deployed-apps/{uuid:app}/comparison", response=ComparisonOut, operation_id="compare_versions")
def compare_versions(request: HttpRequest, app: UUID, query: Query[ComparisonQuery]) -> dict[str, Any]:
    """What lies between two versions of an environment."""
    _, found = _seen(request, app, query.environment)
    compared = queries.compare(found, query.environment, query.first, query.second)
    reasons = [each.to_json() for each in compared.reasons]
    return {"change": compared.change, "consent": compared.consent, "reasons": reasons}


@router.post(
    "/deployed-apps/{uuid:app}/versions/{number}/withdrawal",
    response=DeployedVersionOut,
    operation_id="withdraw_version",
)
def withdraw_version(request: HttpRequest, app: UUID, number: str, withdrawal: Withdrawal) -> dict[str, Any]:
    """Take back a version that waits for its review (people only)."""
    by = writing(request)
    person = by.require_person()
    found = queries.get_app(by, app)
    version = commands.withdraw(found, withdrawal.environment, number, by=person, now=domain_now())
    return version_out(version, 0)


@router.get("/deployed-apps/{uuid:app}/installations", response=Page[InstallationOut], operation_id="list_installs")
def list_installs(request: HttpRequest, app: UUID, query: Query[InstallationQuery]) -> dict[str, Any]:
    """The sites that have the app in an environment, and what each waits for."""
    _, found = _seen(request, app, query.environment)
    rows = queries.installations(found, query.environment, version=query.version, state=query.state)
    page = page_of(rows, order=("id",), query=PageQuery(after=query.after, limit=query.limit))
    return {**page, "items": [installation_out(each) for each in page["items"]]}


def _seen(request: HttpRequest, app: UUID, environment: str) -> tuple[Deployer, DeployedApp]:
    by = reading(request)
    found = queries.get_app(by, app)
    queries.check_environment(by, environment)
    return by, found
