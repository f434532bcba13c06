"""The page about the builds of an app: what stands there, and what forms do."""

import pytest
from tests.marketplace.browsing import after, sign_in, text_of
from tests.marketplace.builds.conftest import exchange, let_operator_trust
from tests.marketplace.builds.issuing import EXPECTED

from tradepost.core.errors import ForbiddenError
from tradepost.foundation.clock import machine_now
from tradepost.marketplace.builds import commands
from tradepost.marketplace.builds.authenticating import authenticate
from tradepost.marketplace.builds.models import DeployToken, TrustedBuild

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(app):
    return f"/deployed-apps/{app.pk}/builds/"


@pytest.fixture
def browser(owner):
    return sign_in(owner)


def test_where_no_issuer_is_named_the_page_says_so_and_offers_tokens(browser, page):
    text = text_of(browser.get(page))

    assert "takes no identity tokens" in text
    assert "Trust a build" not in text
    assert "Make a deploy token" in text
    assert "takes no identity tokens" in text_of(browser.get(f"{page}trusted/new/"))


def test_a_deploy_token_is_shown_once(browser, page, app):
    form = {"name": "Nightly", "environment": "staging", "days": "30"}
    answer = browser.post(f"{page}tokens/new/", form)

    token = DeployToken.objects.get()
    assert answer["Cache-Control"] == "no-store"
    assert f"{token.prefix}" in text_of(answer)
    secret = next(
        word for word in text_of(answer).replace("<", " ").replace(">", " ").split() if word.startswith("tpd_")
    )
    assert authenticate(secret, now=machine_now()).app == app.pk
    text = text_of(browser.get(page))
    assert "Nightly" in text
    assert token.prefix in text
    assert secret not in text


@pytest.mark.parametrize(
    "form",
    [{}, {"name": " ", "environment": "staging", "days": "30"}, {"name": "x", "environment": "x", "days": "400"}],
)
def test_a_form_that_is_not_complete_comes_back(browser, page, form):
    assert browser.post(f"{page}tokens/new/", form).status_code == 422
    assert not DeployToken.objects.exists()


def test_a_deploy_token_is_revoked_where_somebody_confirms(browser, page, app, owner):
    now = machine_now()
    made = commands.make_token(app.pk, by=owner, environment="staging", name="CI", days=1, now=now)
    place = f"{page}tokens/{made.token.pk}/revocation/"

    assert "Builds that use it fail from now on" in text_of(browser.get(place))
    assert "is revoked" in after(browser.post(place, follow=True))
    assert "opens nothing any more" in text_of(browser.get(place))
    made.token.refresh_from_db()
    assert made.token.revoked_at is not None


def test_a_build_is_trusted_and_trusted_no_longer(browser, page, issuer):
    form = {"environment": "production", "issuer": issuer.url, "claims": "sub: repo:acme/notes\r\n\r\n ref: a: b \n"}
    assert "may deploy to production from now on" in after(browser.post(f"{page}trusted/new/", form, follow=True))

    trusted = TrustedBuild.objects.get()
    assert trusted.claims == {"sub": "repo:acme/notes", "ref": "a: b"}
    place = f"{page}trusted/{trusted.pk}/removal/"
    assert "repo:acme/notes" in text_of(browser.get(place))
    assert "no longer deploy to production" in after(browser.post(place, follow=True))
    assert not TrustedBuild.objects.exists()


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ("sub", "is not written as name: value"),
        ("sub: a\nsub: b", "stands there twice"),
        ("sub: repo:acme/*", "looks like a pattern"),
        ("ref: main\nenvironment: production", "Any project of the issuer could have these"),
        ("", "required"),
    ],
)
def test_claims_that_cannot_be_expected_come_back_with_the_reason(browser, page, issuer, claims, text):
    form = {"environment": "production", "issuer": issuer.url, "claims": claims}
    answer = browser.post(f"{page}trusted/new/", form)

    assert answer.status_code == 422
    assert text in answer.content.decode()


def test_who_was_refused_and_why_stands_on_the_page_of_the_vendor(browser, page, trusted, issuer):
    now = machine_now()
    exchange(issuer.sign(now=now), now=now)
    for _ in range(2):
        with pytest.raises(ForbiddenError):
            exchange(issuer.sign(now=now, ref="<script>"), now=now)
    with pytest.raises(ForbiddenError):
        exchange("nonsense", now=now)

    text = text_of(browser.get(page))
    assert "acme/notes @ &lt;script&gt;" in text
    assert "ref is “&lt;script&gt;”, expected “refs/heads/main”" in text
    assert "2 times" in text
    assert "What was sent is no identity token." in text
    assert "build acme/notes @ refs/heads/main" in text
    assert "<script>" not in text.partition("<main")[2]


def test_a_trusted_build_whose_issuer_is_trusted_no_longer_says_so(browser, page, trusted, monkeypatch):
    let_operator_trust(monkeypatch, "https://issuer.example")

    assert "issuer no longer trusted here" in text_of(browser.get(page))


@pytest.mark.parametrize("environment", ["production", "staging", "development", "x'\"<"])
def test_what_to_write_into_a_build_is_complete(browser, page, environment):
    text = text_of(browser.get(page, {"environment": environment}))

    known = environment if environment in {"staging", "development"} else "production"
    assert f"tradepost deploy -e {known} --non-interactive" in text
    assert "aud: http://127.0.0.1:8000" in text
    assert "audience=http%3A%2F%2F127.0.0.1%3A8000" in text
    assert "TRADEPOST_IDENTITY_TOKEN" in text


def test_to_strangers_and_people_of_other_vendors_there_is_no_such_page(page, app, owner, stranger, trusted):
    made = commands.make_token(app.pk, by=owner, environment="staging", name="CI", days=1, now=machine_now())
    places = [
        page,
        f"{page}tokens/new/",
        f"{page}trusted/new/",
        f"{page}tokens/{made.token.pk}/revocation/",
        f"{page}trusted/{trusted.pk}/removal/",
    ]
    other, nobody = sign_in(stranger), sign_in()
    for place in places:
        assert other.get(place).status_code == 404
        assert other.post(place, {"claims": "x"}).status_code in {404, 405}
        assert nobody.get(place).status_code == 302
    assert TrustedBuild.objects.get().claims == EXPECTED
