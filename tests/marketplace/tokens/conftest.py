import pytest
from tests.marketplace.conftest import START
from tests.marketplace.tokens.holders import Holder

from tradepost.marketplace.hosts import commands as hosts
from tradepost.marketplace.tokens import commands, pages, wire


@pytest.fixture(autouse=True)
def nobody_has_guessed():
    pages.GUESSES.forget()
    wire.GUESSES.forget()


@pytest.fixture
def holder(host):
    """A host service whose sites use tokens."""
    return Holder(host[1])


@pytest.fixture
def other_holder(operator):
    """Another host service, which may use the same identifiers for its sites."""
    _, code = hosts.invite_host("Other product", by=operator, now=START)
    return Holder(hosts.enrol(code, base_url="http://127.0.0.3:8001", product="jira", now=START)[1])


@pytest.fixture
def made(listing, owner):
    """A token of the private app, just made."""
    return commands.make(listing.app_key, by=owner, now=START, name="Tess")
