import pytest
from tests.marketplace.conftest import *  # noqa: F403  the same marketplace
from tests.marketplace.deployments.manifests import Deploying


@pytest.fixture
def acme(owner):
    """The vendor's own program, with an app registered."""
    found = Deploying.of(owner)
    assert found.register().status_code == 201
    return found
