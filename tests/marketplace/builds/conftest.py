from dataclasses import replace
from uuid import uuid4

import pytest
from tests.marketplace.builds.issuing import APP_ID, EXPECTED, NOW, Issuer
from tests.marketplace.conftest import START

from tradepost.foundation.configuration import configuration
from tradepost.marketplace.builds import commands, exchanging, identities, issuers
from tradepost.marketplace.builds.exchanging import Asked
from tradepost.marketplace.deployments.models import DeployedApp


@pytest.fixture(autouse=True)
def nothing_remembered():
    yield
    issuers.forget_keys()
    identities.ASKED.forget()
    exchanging.REFUSED.forget()


def let_operator_trust(monkeypatch, *named):
    monkeypatch.setattr(issuers, "configuration", replace(configuration, identity_issuers=named))


@pytest.fixture
def issuer(monkeypatch):
    """An issuer that the operator trusts."""
    with Issuer() as issuer:
        let_operator_trust(monkeypatch, issuer.url)
        yield issuer


def deployed_app(vendor, app_id=APP_ID, name="Notes"):
    made = {"group": uuid4(), "created_at": START, "created_by": "owner@acme.test"}
    return DeployedApp.objects.create(vendor=vendor, app_id=app_id, name=name, **made)


@pytest.fixture
def app(vendor):
    return deployed_app(vendor)


@pytest.fixture
def trusted(app, owner, issuer):
    """A build of the app that is trusted for production."""
    return trust(app, owner, issuer)


def trust(app, owner, issuer, environment="production", claims=None, now=START):
    wanted = {"environment": environment, "issuer": issuer.url, "claims": claims or EXPECTED}
    return commands.trust_build(app.pk, by=owner, now=now, **wanted)


def exchange(token, *, app_id=APP_ID, environment="production", now=NOW, client="192.0.2.1"):
    return exchanging.exchange(Asked(app_id, environment, token, client), now=now)
