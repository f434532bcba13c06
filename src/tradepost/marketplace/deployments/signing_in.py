"""Who deploys, by the key that a request brings: a person's token, or one that can do nothing else."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from tradepost.core.errors import UnauthenticatedError
from tradepost.foundation import tokens
from tradepost.foundation.callers import CALLER_ATTRIBUTE
from tradepost.foundation.clock import machine_now
from tradepost.marketplace.builds import authenticating

from .deployers import Deployer

DEPLOYER_ATTRIBUTE = "tradepost_deployer"


class DeployerAuth(HttpBearer):
    """`Authorization: Bearer tp_...` of a person, or `tpd_...` of a deploy token."""

    def authenticate(self, request: HttpRequest, token: str) -> Deployer:
        if token.startswith(authenticating.PREFIX):
            deployer = authenticating.authenticate(token, now=machine_now())
        else:
            caller = tokens.authenticate(token, now=machine_now())
            setattr(request, CALLER_ATTRIBUTE, caller)
            deployer = Deployer.of(caller)
        setattr(request, DEPLOYER_ATTRIBUTE, deployer)
        return deployer


def reading(request: HttpRequest) -> Deployer:
    """Who asks, allowed to read. Raises ForbiddenError for a person's token without the scope."""
    return _deployer(request, "apps:read")


def writing(request: HttpRequest) -> Deployer:
    """Who asks, allowed to deploy. Raises ForbiddenError for a person's token without the scope."""
    return _deployer(request, "apps:write")


def _deployer(request: HttpRequest, scope: str) -> Deployer:
    deployer = getattr(request, DEPLOYER_ATTRIBUTE, None)
    if not isinstance(deployer, Deployer):
        raise UnauthenticatedError("Send a token.")
    if deployer.caller is not None:
        deployer.caller.require(scope)
    return deployer
