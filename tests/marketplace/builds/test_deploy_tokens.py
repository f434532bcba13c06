"""Deploy tokens that people make: for one app and one environment, shown once, until they end."""

from datetime import timedelta

import pytest
from tests.marketplace.builds.conftest import trust
from tests.marketplace.builds.issuing import EXPECTED, NOW
from tests.marketplace.conftest import START

from tradepost.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnauthenticatedError,
)
from tradepost.foundation.models import AuditEntry
from tradepost.foundation.secrets import hash_token
from tradepost.marketplace.builds import commands, queries
from tradepost.marketplace.builds.authenticating import PREFIX, authenticate
from tradepost.marketplace.builds.models import DeployToken

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def make(app, owner, *, environment="production", name="CI", days=90, now=NOW):
    return commands.make_token(app.pk, by=owner, environment=environment, name=name, days=days, now=now)


def test_a_deploy_token_speaks_for_its_app_and_environment_and_nobody(app, owner):
    made = make(app, owner, environment="staging")

    deployer = authenticate(made.secret, now=NOW)
    assert (deployer.app, deployer.environment, deployer.caller, deployer.run_url) == (app.pk, "staging", None, "")
    assert deployer.actor == f"deploy token CI ({made.secret[:10]}…)"
    with pytest.raises(ForbiddenError):
        deployer.require_person()
    with pytest.raises(NotFoundError):
        deployer.require_environment("production")


def test_nothing_but_its_hash_is_kept(app, owner):
    made = make(app, owner)

    made.token.refresh_from_db()
    assert made.secret.startswith(PREFIX)
    assert (made.token.prefix, made.token.digest) == (made.secret[:10], hash_token(made.secret))
    assert made.secret not in repr(made)
    entry = AuditEntry.objects.get(action="deploy_token.made")
    assert (entry.actor, entry.scope_id, entry.detail["name"]) == ("owner@acme.test", app.vendor_id, "CI")
    assert made.secret not in str(entry.detail)


def test_it_ends_at_its_instant_and_when_it_is_revoked(app, owner):
    over, revoked = make(app, owner, days=1), make(app, owner)
    for _ in range(2):
        commands.revoke_token(app.pk, revoked.token.pk, by=owner, now=NOW)

    assert authenticate(over.secret, now=NOW + DAY - timedelta(seconds=1))
    for secret in (over.secret, revoked.secret):
        with pytest.raises(UnauthenticatedError, match="unknown, expired or revoked"):
            authenticate(secret, now=NOW + DAY)
    assert AuditEntry.objects.filter(action="deploy_token.revoked").count() == 1


@pytest.mark.parametrize("secret", ["", "tpd_", "tpd_" + "x" * 43, "tp_x", "tpd_" + "x" * 10_000, "tpd_ü\0"])
def test_what_is_no_deploy_token_opens_nothing(app, owner, secret):
    make(app, owner)

    with pytest.raises(UnauthenticatedError):
        authenticate(secret, now=NOW)


def test_its_use_is_noted_at_most_once_a_minute(app, owner, django_assert_num_queries):
    made = make(app, owner)
    with django_assert_num_queries(2):
        authenticate(made.secret, now=NOW)
    with django_assert_num_queries(1):
        authenticate(made.secret, now=NOW + timedelta(seconds=59))
    authenticate(made.secret, now=NOW + timedelta(seconds=60))

    made.token.refresh_from_db()
    assert made.token.last_used_at == NOW + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": " \n "}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"name": "a\0b"}, "/name"),
        ({"days": 0}, "/days"),
        ({"days": 367}, "/days"),
        ({"environment": "test"}, "/environment"),
    ],
)
def test_what_a_deploy_token_cannot_be_is_said(app, owner, changes, pointer):
    with pytest.raises(InvalidInputError) as caught:
        make(app, owner, **changes)
    assert caught.value.pointer == pointer


def test_an_app_has_so_many_that_can_be_used(app, owner):
    made = [make(app, owner, days=1) for _ in range(commands.MOST_TOKENS)]
    with pytest.raises(ConflictError) as caught:
        make(app, owner)
    assert caught.value.rule == commands.OVER_QUOTA

    commands.revoke_token(app.pk, made[0].token.pk, by=owner, now=NOW)
    make(app, owner)
    assert make(app, owner, now=NOW + DAY)


def test_to_a_stranger_the_app_and_what_it_has_do_not_exist(app, owner, stranger, trusted):
    made = make(app, owner)
    acts = [
        lambda: make(app, stranger),
        lambda: commands.revoke_token(app.pk, made.token.pk, by=stranger, now=NOW),
        lambda: commands.distrust_build(app.pk, trusted.pk, by=stranger, now=START),
        lambda: queries.get_app(stranger, app.pk),
    ]
    for act in acts:
        with pytest.raises(NotFoundError):
            act()
    assert DeployToken.objects.get().revoked_at is None


def test_a_trusted_build_is_of_an_issuer_that_the_operator_trusts_and_there_once(app, owner, issuer):
    trust(app, owner, issuer)
    trust(app, owner, issuer, environment="staging")
    with pytest.raises(ConflictError) as caught:
        trust(app, owner, issuer, claims=dict(reversed(EXPECTED.items())))
    assert caught.value.rule == commands.TRUSTED_ALREADY

    wanted = {"environment": "production", "issuer": "https://evil.example", "claims": EXPECTED}
    with pytest.raises(InvalidInputError, match="trusts no such issuer"):
        commands.trust_build(app.pk, by=owner, now=START, **wanted)


def test_an_app_trusts_so_many_builds(app, owner, issuer, monkeypatch):
    monkeypatch.setattr(commands, "MOST_TRUSTED", 1)
    trust(app, owner, issuer)

    with pytest.raises(ConflictError) as caught:
        trust(app, owner, issuer, environment="staging")
    assert caught.value.rule == commands.TOO_MANY_TRUSTED


def test_where_no_issuer_is_named_nothing_can_be_trusted(app, owner):
    wanted = {"environment": "production", "issuer": "https://issuer.example", "claims": EXPECTED}
    with pytest.raises(ConflictError) as caught:
        commands.trust_build(app.pk, by=owner, now=START, **wanted)
    assert caught.value.rule == commands.NO_ISSUERS
