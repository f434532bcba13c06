"""Two at once, with connections and commits of their own."""

from functools import partial

import pytest
from tests.marketplace.builds.conftest import exchange, trust
from tests.marketplace.builds.issuing import NOW
from tests.marketplace.conftest import START
from tests.marketplace.test_workers import at_the_same_time

from tradepost.core.errors import ConflictError, ForbiddenError, UnauthenticatedError
from tradepost.marketplace.builds import commands
from tradepost.marketplace.builds.authenticating import authenticate
from tradepost.marketplace.builds.models import DeployToken, RefusedBuild, TrustedBuild

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5


def test_of_two_that_show_one_identity_token_exactly_one_gets_something(issuer, trusted):
    for number in range(ROUNDS):
        token = issuer.sign(number=number)
        results = at_the_same_time(*[partial(exchange, token)] * 4)

        assert sum(isinstance(each, commands.Made) for each in results) == 1
        assert sum(isinstance(each, ForbiddenError) for each in results) == 3
        assert DeployToken.objects.count() == number + 1


def test_one_identity_token_opens_one_environment_at_once_too(issuer, trusted, app, owner):
    trust(app, owner, issuer, environment="staging")
    for number in range(ROUNDS):
        token = issuer.sign(number=number)
        results = at_the_same_time(partial(exchange, token), partial(exchange, token, environment="staging"))

        assert sum(isinstance(each, commands.Made) for each in results) == 1


def test_an_exchange_while_the_trust_ends_leaves_no_token_behind(issuer, app, owner):
    for number in range(ROUNDS):
        trusted = trust(app, owner, issuer)
        end = partial(commands.distrust_build, app.pk, trusted.pk, by=owner, now=START)
        made, ended = at_the_same_time(partial(exchange, issuer.sign(number=number)), end)

        assert ended is None
        assert not TrustedBuild.objects.exists()
        assert not DeployToken.objects.exists()
        if isinstance(made, commands.Made):
            with pytest.raises(UnauthenticatedError):
                authenticate(made.secret, now=NOW)
        else:
            assert isinstance(made, ForbiddenError)


def test_the_same_refusal_at_once_is_one_row(issuer, trusted):
    token = issuer.sign(ref="x")
    results = at_the_same_time(*[partial(exchange, token)] * 4)

    assert all(isinstance(each, ForbiddenError) for each in results), results
    assert RefusedBuild.objects.get().times == 4


def test_the_last_token_is_made_once(app, owner, monkeypatch):
    monkeypatch.setattr(commands, "MOST_TOKENS", 1)
    make = partial(commands.make_token, app.pk, by=owner, environment="staging", name="CI", days=1, now=NOW)
    results = at_the_same_time(make, make)

    assert sum(isinstance(each, ConflictError) for each in results) == 1
    assert DeployToken.objects.count() == 1
