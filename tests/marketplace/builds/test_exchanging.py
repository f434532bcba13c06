"""A build shows an identity token of a real issuer and gets a deploy token, or hears nothing."""

from datetime import timedelta

import pytest
from tests.marketplace.builds.conftest import deployed_app, exchange, trust
from tests.marketplace.builds.issuing import CLAIMS, EXPECTED, MARKETPLACE, NOW, PRIVATE
from tests.marketplace.conftest import START

from tradepost.core.errors import ConflictError, ForbiddenError, LimitError, UnauthenticatedError
from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.builds import commands, exchanging, identities, queries
from tradepost.marketplace.builds.authenticating import authenticate
from tradepost.marketplace.builds.models import DeployToken, RefusedBuild, UsedIdentity

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def refused(token, **options):
    with pytest.raises(ForbiddenError) as caught:
        exchange(token, **options)
    assert str(caught.value) == exchanging.NOTHING
    return why()


def why():
    """The sentences of the newest refusal."""
    return RefusedBuild.objects.latest("at", "pk").why


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_a_build_gets_a_token_that_lives_for_minutes(issuer, trusted, app, algorithm):
    made = exchange(issuer.sign(algorithm=algorithm))

    deployer = authenticate(made.secret, now=NOW + 14 * MINUTE)
    assert (deployer.app, deployer.environment, deployer.caller) == (app.pk, "production", None)
    assert deployer.actor == "build acme/notes @ refs/heads/main"
    assert deployer.run_url == CLAIMS["run_url"]
    with pytest.raises(UnauthenticatedError):
        authenticate(made.secret, now=NOW + 15 * MINUTE)


def test_what_a_build_is_is_kept_and_written_down_without_any_token(issuer, trusted, app):
    token = issuer.sign()
    made = exchange(token)

    made.token.refresh_from_db()
    trusted.refresh_from_db()
    assert made.token.run == {**CLAIMS, "run_id": "4711"}
    assert (made.token.trusted_id, trusted.last_used_at) == (trusted.pk, NOW)
    entry = AuditEntry.objects.get(action="deploy_token.exchanged")
    assert (entry.scope_id, entry.actor) == (app.vendor_id, "build acme/notes @ refs/heads/main")
    assert (entry.detail["issuer"], entry.detail["environment"]) == (issuer.url, "production")
    assert made.secret not in str(entry.detail)
    assert token not in str(entry.detail)
    assert not RefusedBuild.objects.exists()


def test_audiences_and_claims_beyond_the_expected_ones_are_fine(issuer, trusted):
    assert exchange(issuer.sign(aud=["https://elsewhere.example", MARKETPLACE], colour="blue")).secret


def test_one_of_two_trusted_builds_is_enough(issuer, trusted, app, owner):
    tags = trust(app, owner, issuer, claims={"sub": "repo:acme/notes:ref:refs/tags/1.0"})

    made = exchange(issuer.sign(sub="repo:acme/notes:ref:refs/tags/1.0", drop=("environment",)))

    assert made.token.trusted == tags


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"ref": "refs/heads/feature"}, "ref is “refs/heads/feature”, expected “refs/heads/main”"),
        ({"ref": "refs/heads/Main"}, "ref is “refs/heads/Main”, expected “refs/heads/main”"),
        ({"ref": "refs/heads/main "}, "ref is “refs/heads/main ”, expected “refs/heads/main”"),
        ({"ref": ["refs/heads/main"]}, "ref is a list, expected the text “refs/heads/main”"),
        ({"ref": {"refs/heads/main": True}}, "ref is an object, expected the text “refs/heads/main”"),
        ({"ref": True}, "ref is true or false, expected the text “refs/heads/main”"),
        ({"ref": 1}, "ref is a number, expected the text “refs/heads/main”"),
        ({"ref": None}, "ref is null, expected the text “refs/heads/main”"),
        ({"drop": ("ref",)}, "ref is missing, expected “refs/heads/main”"),
        ({"ref": "x\0\u202e" + "y" * 500}, "ref is “x\ufffd\ufffd" + "y" * 96 + "…”, expected “refs/heads/main”"),
    ],
)
def test_a_claim_that_differs_is_told_to_the_vendor_alone(issuer, trusted, changes, text):
    assert refused(issuer.sign(**changes)) == [text]
    assert not DeployToken.objects.exists()
    assert not UsedIdentity.objects.exists()


def test_every_trusted_build_that_was_not_met_has_a_sentence(issuer, trusted, app, owner):
    trust(app, owner, issuer, claims={"sub": "repo:acme/notes:ref:refs/tags/1.0"}, now=START + MINUTE)

    first, second = refused(issuer.sign(ref="x", repository="evil/notes"))

    assert first == "ref is “x”, expected “refs/heads/main”; repository is “evil/notes”, expected “acme/notes”"
    assert second == f"sub is “{CLAIMS['sub']}”, expected “repo:acme/notes:ref:refs/tags/1.0”"
    assert RefusedBuild.objects.get().build == "evil/notes @ x"


def test_a_build_is_trusted_for_its_app_and_environment_alone(issuer, trusted, vendor):
    other = deployed_app(vendor, "ari:other", "Other")

    assert refused(issuer.sign(), app_id="ari:other") == ["No build of this issuer is trusted for production."]
    assert refused(issuer.sign(), environment="staging") == ["No build of this issuer is trusted for staging."]
    assert set(RefusedBuild.objects.values_list("app", "environment")) == {
        (other.pk, "production"),
        (trusted.app_id, "staging"),
    }


def test_of_an_app_that_does_not_exist_nothing_is_noted(issuer, trusted):
    with pytest.raises(ForbiddenError, match=exchanging.NOTHING):
        exchange(issuer.sign(), app_id="ari:nobody")
    assert not RefusedBuild.objects.exists()


def test_each_identity_token_opens_something_once(issuer, trusted, app, owner):
    trust(app, owner, issuer, environment="staging")
    token = issuer.sign()
    exchange(token)

    assert refused(token) == ["The token was exchanged before; each opens something once."]
    refused(token, environment="staging")
    assert exchange(issuer.sign(number=2)).secret
    assert DeployToken.objects.count() == 2


def test_a_refused_token_is_not_used_up(issuer, trusted, app, owner):
    token = issuer.sign(ref="refs/tags/1.0")
    refused(token)
    trust(app, owner, issuer, claims={**EXPECTED, "ref": "refs/tags/1.0"})

    assert exchange(token).secret


def test_the_same_refusal_counts_and_the_oldest_are_forgotten(issuer, trusted):
    for number in range(exchanging.MOST_REFUSALS + 3):
        refused(issuer.sign(ref=f"refs/heads/{number}"), now=NOW + timedelta(seconds=number))
    refused(issuer.sign(ref="refs/heads/22"), now=NOW + MINUTE)

    found = RefusedBuild.objects.order_by("-at")
    assert len(found) == exchanging.MOST_REFUSALS
    assert (found[0].times, found[0].at, found[0].build) == (2, NOW + MINUTE, "acme/notes @ refs/heads/22")
    assert found.last().build == "acme/notes @ refs/heads/3"


def test_trusting_no_longer_ends_what_such_builds_hold(issuer, trusted, app, owner):
    made = exchange(issuer.sign())
    commands.distrust_build(app.pk, trusted.pk, by=owner, now=START)

    with pytest.raises(UnauthenticatedError):
        authenticate(made.secret, now=NOW)
    assert refused(issuer.sign(number=2)) == ["No build of this issuer is trusted for production."]
    assert AuditEntry.objects.get(action="trusted_build.removed").detail["claims"] == EXPECTED


def test_a_token_of_a_build_can_be_revoked(issuer, trusted, app, owner):
    made = exchange(issuer.sign())
    commands.revoke_token(app.pk, made.token.pk, by=owner, now=NOW)

    with pytest.raises(UnauthenticatedError):
        authenticate(made.secret, now=NOW)


def test_builds_hold_so_many_tokens_at_a_time(issuer, trusted, app, monkeypatch):
    monkeypatch.setattr(exchanging, "MOST_AT_ONCE", 2)
    for number in range(2):
        exchange(issuer.sign(number=number))

    assert refused(issuer.sign(number=3)) == ["Builds like this one hold 2 tokens already."]
    assert exchange(issuer.sign(number=3, now=NOW + 16 * MINUTE), now=NOW + 16 * MINUTE).secret


def test_who_is_refused_again_and_again_has_to_wait_and_others_do_not(issuer, trusted, monkeypatch):
    for _ in range(60):
        refused("nonsense", client="2001:db8::1")

    with pytest.raises(LimitError):
        exchange(issuer.sign(), client="2001:db8::ffff")
    assert exchange(issuer.sign(), client="2001:db8:0:1::1").secret
    later = NOW + 11 * MINUTE
    assert exchange(issuer.sign(now=later), client="2001:db8::1", now=later).secret


def test_tokens_of_one_issuer_have_a_limit(issuer, trusted):
    for _ in range(1_200):
        identities.ASKED.count(issuer.url, now=NOW)

    with pytest.raises(LimitError):
        exchange(issuer.sign())


def test_where_the_operator_trusts_nobody_that_is_said(app):
    with pytest.raises(ConflictError) as caught:
        exchange("anything")
    assert caught.value.rule == commands.NO_ISSUERS


def test_what_is_over_is_forgotten(issuer, trusted, app, owner):
    kept = commands.make_token(app.pk, by=owner, environment="staging", name="kept", days=1, now=NOW)
    exchange(issuer.sign())
    refused(issuer.sign(ref="x"))
    assert commands.forget_old(NOW + 5 * MINUTE) == 0
    assert commands.forgets_next() <= NOW + timedelta(hours=2)

    later = NOW + timedelta(days=2)
    assert commands.forget_old(later) == 2
    assert list(queries.tokens_of(app)) == [kept.token]
    assert commands.forget_old(NOW + queries.KEPT_REFUSALS + MINUTE) == 1
    assert commands.forgets_next() is None


def test_a_used_identity_is_remembered_for_as_long_as_it_could_be_used(issuer, trusted):
    exchange(issuer.sign(exp=int((NOW + timedelta(days=9)).timestamp())))

    used = UsedIdentity.objects.get()
    assert used.expires_at >= NOW + identities.OLDEST
