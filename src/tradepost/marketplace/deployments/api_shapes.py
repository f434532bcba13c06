"""What the REST endpoints about deployments take and give."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from tradepost.foundation.configuration import configuration
from tradepost.foundation.rest import PageQuery
from tradepost.marketplace.releases import queries as versions
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.rollout.models import InstallationRecord
from tradepost.marketplace.rollout.numbers import major_of

from . import queries
from .commands import Outcome
from .deciding import LONGEST_MESSAGE, LONGEST_URL
from .fields import LONGEST_APP_ID, LONGEST_NAME, MOST_MAJOR
from .models import DeployedApp

EnvironmentName = Literal["development", "staging", "production"]


class DeployedAppOut(Schema):
    """An app that is deployed by manifests with this `app.id`."""

    id: UUID
    app_id: str
    name: str
    vendor: UUID
    vendor_name: str
    created_at: datetime


class NewDeployedApp(Schema):
    """`vendor` is needed by somebody who belongs to several; without `app_id` one is drawn."""

    vendor: UUID | None = None
    name: str = Field(max_length=LONGEST_NAME)
    app_id: str | None = Field(None, max_length=LONGEST_APP_ID)


class EnvironmentOut(Schema):
    """An environment of an app. Before the first deployment to it there is no key and nothing else.

    `newest` is the newest version that is offered or waits for a review (`pending`).
    """

    environment: str
    app_key: str | None = None
    name: str | None = None
    listing_state: str | None = None
    source: str | None = None
    newest: str | None = None
    offered: str | None = None
    pending: list[str] = []
    deployed_at: datetime | None = None
    deployed_by: str | None = None
    sites: int = 0
    on_newest: int = 0


class NewDeployment(Schema):
    """`manifest` is its YAML text. `major_version` deploys to an older major; a dry run writes nothing."""

    environment: EnvironmentName = "development"
    manifest: str = Field(description=f"at most {configuration.limits.document_bytes} bytes")
    message: str = Field("", max_length=LONGEST_MESSAGE)
    approve_major: bool = False
    major_version: int | None = Field(None, ge=0, le=MOST_MAJOR)
    run_url: str = Field("", max_length=LONGEST_URL)
    dry_run: bool = False


class PlacedReasonOut(Schema):
    """A reason, with its place in the manifest where it has one."""

    rule: str
    pointer: str
    change: str
    consent: bool
    text: str
    line: int | None = None
    column: int | None = None


class PlacedProblemOut(Schema):
    """Something worth a look, with its place in the manifest where it has one."""

    pointer: str
    text: str
    rule: str
    line: int | None = None
    column: int | None = None


class UnrenderedOut(Schema):
    """A module that sites keep and do not show."""

    pointer: str
    kind: str
    key: str | None
    line: int | None = None
    column: int | None = None


class DeploymentOut(Schema):
    """What a deployment did, or would do. `change` is first, minor or major; times are domain time.

    `equivalence` says what sites are asked where a watched app becomes a deployed one, `before` what it was compared
    with.
    """

    environment: str
    app_key: str
    version: str
    state: str
    change: str
    before: str | None
    consent: bool
    reasons: list[PlacedReasonOut]
    review: list[PlacedReasonOut]
    equivalence: list[PlacedReasonOut]
    warnings: list[PlacedProblemOut]
    unrendered: list[UnrenderedOut]
    at: datetime | None
    by: str
    message: str
    run_url: str
    backport: bool
    dry_run: bool


class DeployedVersionOut(Schema):
    """A version in an environment. `sites` is how many run it."""

    version: str
    major: int
    state: str
    change: str
    consent: bool
    made_at: datetime
    offered_at: datetime | None
    by: str
    message: str
    run_url: str
    backport: bool
    sites: int


class PermissionOut(Schema):
    """One thing that a version asks for."""

    kind: str
    text: str


class WholeDeployedVersion(DeployedVersionOut):
    """A version with why it was made and what it asks for."""

    before: str | None
    reasons: list[PlacedReasonOut]
    warnings: list[PlacedProblemOut]
    unrendered: list[UnrenderedOut]
    permissions: list[PermissionOut]
    notes: str


class ComparisonOut(Schema):
    """What lies between two versions."""

    change: str
    consent: bool
    reasons: list[PlacedReasonOut]


class InstallationOut(Schema):
    """A site that has the app. `granted` is set while its code is ahead of the permissions it has granted."""

    host: str
    name: str
    base_url: str
    running: str | None
    granted: str | None
    target: str | None
    state: str
    since: datetime
    until: datetime | None
    text: str
    reported_at: datetime


class AppQuery(PageQuery):
    app_id: str = Field("", max_length=LONGEST_APP_ID)


class EnvironmentQuery(Schema):
    environment: EnvironmentName = "production"


class VersionQuery(PageQuery):
    environment: EnvironmentName = "production"
    major: int | None = Field(None, ge=0, le=MOST_MAJOR)


class ComparisonQuery(EnvironmentQuery):
    first: str = Field(alias="from", max_length=40)
    second: str = Field(alias="to", max_length=40)


class InstallationQuery(PageQuery):
    environment: EnvironmentName = "production"
    version: str = Field("", max_length=40)
    state: str = Field("", max_length=20)


class Withdrawal(Schema):
    environment: EnvironmentName


def app_out(app: DeployedApp) -> dict[str, Any]:
    own = {name: getattr(app, name) for name in ("id", "app_id", "name", "created_at")}
    return {**own, "vendor": app.vendor_id, "vendor_name": app.vendor.name}


def environment_out(state: queries.EnvironmentState) -> dict[str, Any]:
    listing = state.listing
    if listing is None:
        return {"environment": state.environment}
    own = ("environment", "newest", "deployed_at", "deployed_by", "sites", "on_newest")
    return {
        **{name: getattr(state, name) for name in own},
        "pending": list(state.pending),
        "app_key": listing.app_key,
        "name": listing.name,
        "listing_state": listing.state,
        "source": listing.source,
        "offered": listing.offered.number if listing.offered else None,
    }


def deployment_out(outcome: Outcome) -> dict[str, Any]:
    decision, wanted, made = outcome.decision, outcome.wanted, outcome.deployment
    equivalence = decision.equivalence.reasons if decision.equivalence else ()
    return {
        "environment": wanted.environment,
        "app_key": decision.place.key,
        "version": str(decision.version),
        "state": decision.state,
        "change": decision.change,
        "before": decision.before.number if decision.before else None,
        "consent": decision.consent,
        "reasons": [each.to_json() for each in decision.reasons],
        "review": [each.to_json() for each in decision.review],
        "equivalence": [each.to_json() for each in equivalence],
        "warnings": decision.derived.warnings,
        "unrendered": [each.to_json() for each in decision.derived.unrendered],
        "at": made.at if made else None,
        "by": outcome.by,
        "message": wanted.message,
        "run_url": outcome.run_url,
        "backport": decision.backport,
        "dry_run": made is None,
    }


def version_out(version: AppVersion, sites: int) -> dict[str, Any]:
    made = getattr(version, "deployment", None) if version.manifest_id else None
    own = ("state", "change", "consent", "made_at", "offered_at")
    return {
        **{name: getattr(version, name) for name in own},
        "version": version.number,
        "major": major_of(version),
        "by": made.by if made else version.made_by,
        "message": made.message if made else "",
        "run_url": made.run_url if made else "",
        "backport": made is not None and made.major is not None,
        "sites": sites,
    }


def whole_version_out(version: AppVersion, sites: int) -> dict[str, Any]:
    made = queries.deployment_of(version)
    return {
        **version_out(version, sites),
        "before": (made.before or None) if made else _number(versions.find_before(version)),
        "reasons": version.reasons,
        "warnings": version.warnings,
        "unrendered": made.unrendered if made else [],
        "permissions": [{"kind": each.kind, "text": each.text} for each in queries.permissions_of(version)],
        "notes": version.notes,
    }


def installation_out(record: InstallationRecord) -> dict[str, Any]:
    own = ("state", "since", "until", "text", "reported_at")
    return {
        **{name: getattr(record, name) for name in own},
        "host": record.site.host.name,
        "name": record.site.name,
        "base_url": record.site.base_url,
        **{name: _number(getattr(record, name)) for name in ("running", "granted", "target")},
    }


def _number(version: AppVersion | None) -> str | None:
    return version.number if version else None
