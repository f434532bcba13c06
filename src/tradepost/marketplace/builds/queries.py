"""Deploy tokens, trusted builds and refused ones, as a caller may see them: what is not theirs does not exist."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Min, Q, QuerySet

from tradepost.core.errors import NotFoundError
from tradepost.foundation.callers import Caller
from tradepost.marketplace.deployments import queries as deployments
from tradepost.marketplace.deployments.deployers import Deployer
from tradepost.marketplace.deployments.models import DeployedApp

from .models import DeployToken, RefusedBuild, TrustedBuild, UsedIdentity

ORDER = ("-created_at", "id")
REFUSED_ORDER = ("-at", "-id")

KEPT_AFTER_END = timedelta(days=1)
"""How long a token that was exchanged stays in lists when it is over."""

KEPT_REFUSALS = timedelta(days=14)


def get_app(caller: Caller, app_id: UUID) -> DeployedApp:
    """Raises NotFoundError for an app of another vendor."""
    return deployments.get_app(Deployer.of(caller), app_id)


def tokens_of(app: DeployedApp) -> QuerySet[DeployToken]:
    """All deploy tokens of an app, those that builds got too; order them by ORDER for pages."""
    return DeployToken.objects.filter(app=app)


def made_tokens_of(app: DeployedApp) -> QuerySet[DeployToken]:
    """The deploy tokens that people made."""
    return tokens_of(app).filter(trusted=None)


def runs_of(app: DeployedApp) -> QuerySet[DeployToken]:
    """The deploy tokens that builds got lately, the newest first."""
    return tokens_of(app).filter(trusted__isnull=False).order_by(*ORDER)


def count_usable(tokens: QuerySet[DeployToken], now: datetime) -> int:
    """How many of them still open something (machine time)."""
    return tokens.filter(revoked_at=None, expires_at__gt=now).count()


def get_token(caller: Caller, app_id: UUID, token_id: UUID) -> DeployToken:
    """Raises NotFoundError for what is another vendor's or another app's."""
    token = tokens_of(get_app(caller, app_id)).select_related("app__vendor").filter(pk=token_id).first()
    if token is None:
        raise NotFoundError("deploy token", token_id)
    return token


def trusted_builds_of(app: DeployedApp) -> QuerySet[TrustedBuild]:
    """The trusted builds of an app, the oldest first."""
    return TrustedBuild.objects.filter(app=app).order_by("made_at", "id")


def get_trusted_build(caller: Caller, app_id: UUID, trusted_id: UUID) -> TrustedBuild:
    """Raises NotFoundError for what is another vendor's or another app's."""
    trusted = trusted_builds_of(get_app(caller, app_id)).select_related("app__vendor").filter(pk=trusted_id).first()
    if trusted is None:
        raise NotFoundError("trusted build", trusted_id)
    return trusted


def refused_builds_of(app: DeployedApp) -> QuerySet[RefusedBuild]:
    """What was refused lately; order it by REFUSED_ORDER."""
    return RefusedBuild.objects.filter(app=app)


def find_app_named(app_id: str) -> DeployedApp | None:
    """An app by the id of its manifests, whoever asks: only for the exchange, which tells nobody."""
    return DeployedApp.objects.select_related("vendor").filter(app_id=app_id).first()


def exchanged_over(now: datetime) -> QuerySet[DeployToken]:
    """Tokens of builds that were over long enough ago (machine time)."""
    return DeployToken.objects.filter(trusted__isnull=False, expires_at__lt=now - KEPT_AFTER_END)


def oldest() -> dict[str, datetime | None]:
    """The first time at which each kind of row is needless (machine time), None where there is no such row."""
    exchanged = DeployToken.objects.filter(Q(trusted__isnull=False)).aggregate(at=Min("expires_at"))["at"]
    refused = RefusedBuild.objects.aggregate(at=Min("at"))["at"]
    return {
        "identities": UsedIdentity.objects.aggregate(at=Min("expires_at"))["at"],
        "tokens": exchanged and exchanged + KEPT_AFTER_END,
        "refusals": refused and refused + KEPT_REFUSALS,
    }
