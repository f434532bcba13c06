"""Builds by REST: who may do what, and what comes back."""

import json

import pytest
from django.test import Client
from tests.marketplace.builds.issuing import APP_ID, EXPECTED
from tests.marketplace.test_rest import Program

from tradepost.foundation.clock import machine_now
from tradepost.marketplace.builds import exchanging
from tradepost.marketplace.builds.authenticating import authenticate
from tradepost.marketplace.builds.models import DeployToken, RefusedBuild, TrustedBuild

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(app, owner):
    return Program(owner, "apps:read", "apps:write")


@pytest.fixture
def place(app):
    return f"/deployed-apps/{app.pk}"


def exchange(body, **options):
    return Client().post("/api/1/identity-exchange", json.dumps(body), content_type="application/json", **options)


def asked(token, **changes):
    return {"app_id": APP_ID, "environment": "production", "identity_token": token, **changes}


def test_the_way_of_a_deploy_token(program, place, app):
    made = program.post(f"{place}/deploy-tokens", {"environment": "staging", "name": "CI", "days": 30})
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["prefix"], told["trusted"], told["run"]) == (told["token"][:10], None, {})
    assert made["Cache-Control"] == "no-store"
    assert authenticate(told["token"], now=machine_now()).app == app.pk

    (kept,) = program.get(f"{place}/deploy-tokens").json()["items"]
    assert (kept["id"], kept["environment"], kept["revoked_at"]) == (told["id"], "staging", None)
    assert "token" not in kept
    assert "digest" not in kept

    assert program.delete(f"{place}/deploy-tokens/{told['id']}").status_code == 204
    assert program.get(f"{place}/deploy-tokens").json()["items"][0]["revoked_at"]


def test_the_way_of_a_build_that_is_trusted(program, place, issuer):
    wanted = {"environment": "production", "issuer": issuer.url, "claims": EXPECTED}
    made = program.post(f"{place}/trusted-builds", wanted)
    assert made.status_code == 201, made.content
    assert (made.json()["claims"], made.json()["accepted"], made.json()["last_used_at"]) == (EXPECTED, True, None)

    answer = exchange(asked(issuer.sign(now=machine_now())))
    assert answer.status_code == 201, answer.content
    assert sorted(answer.json()) == ["expires_at", "token"]
    assert answer["Cache-Control"] == "no-store"
    assert authenticate(answer.json()["token"], now=machine_now()).environment == "production"

    (token,) = program.get(f"{place}/deploy-tokens").json()["items"]
    assert (token["trusted"], token["run"]["repository"]) == (made.json()["id"], "acme/notes")
    (kept,) = program.get(f"{place}/trusted-builds").json()["items"]
    assert kept["last_used_at"]
    assert program.delete(f"{place}/trusted-builds/{kept['id']}").status_code == 204
    assert not DeployToken.objects.exists()


def test_every_refusal_is_the_same_to_who_asks_and_told_to_the_vendor(program, place, trusted, issuer):
    now = machine_now()
    answers = [
        exchange(asked("nonsense")),
        exchange(asked(issuer.sign(now=now, ref="refs/heads/feature"))),
        exchange(asked(issuer.sign(now=now), environment="staging")),
        exchange(asked(issuer.sign(now=now), app_id="ari:nobody")),
        exchange(asked(issuer.sign(now=now, aud="https://elsewhere.example"))),
    ]

    told = [{**each.json(), "request_id": ""} for each in answers]
    assert all(each.status_code == 403 for each in answers)
    assert all(each == told[0] for each in told)
    assert told[0]["detail"] == exchanging.NOTHING
    items = program.get(f"{place}/refused-builds").json()["items"]
    assert len(items) == 4
    assert items[-2]["why"] == ["ref is “refs/heads/feature”, expected “refs/heads/main”"]
    assert (items[-2]["build"], items[-2]["issuer"]) == ("acme/notes @ refs/heads/feature", issuer.url)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"environment": "test"}, "/environment"),
        ({"app_id": "x" * 201}, "/app_id"),
        ({"app_id": None}, "/app_id"),
        ({"identity_token": "x" * 16_385}, "/identity_token"),
        ({"identity_token": ["x"]}, "/identity_token"),
    ],
)
def test_an_exchange_that_cannot_be_read_is_told_where(trusted, changes, pointer):
    answer = exchange(asked("token", **changes))

    assert answer.status_code == 422, answer.content
    assert [each["pointer"] for each in answer.json()["problems"]] == [pointer]
    assert "xxxx" not in answer.content.decode()
    assert not RefusedBuild.objects.exists()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"app_id": "\\u0000"}', b'{"app_id": "\\ud800"}'])
def test_an_exchange_that_is_no_object_is_no_error_of_ours(trusted, body):
    answer = Client().post("/api/1/identity-exchange", body, content_type="application/json")

    assert answer.status_code in {400, 422}, answer.content


def test_where_no_issuer_is_named_rest_says_so(program, place):
    wanted = {"environment": "production", "issuer": "https://issuer.example", "claims": EXPECTED}
    for answer in (exchange(asked("token")), program.post(f"{place}/trusted-builds", wanted)):
        assert (answer.status_code, answer.json()["rule"]) == (409, "build.no_issuers")


def test_who_is_refused_too_often_is_told_to_wait(trusted):
    answers = [exchange(asked("nonsense")).status_code for _ in range(61)]

    assert answers == [403] * 60 + [429]
    assert exchange(asked("nonsense"), REMOTE_ADDR="192.0.2.9").status_code == 403


def test_what_a_trusted_build_cannot_expect_is_said_with_its_place(program, place, issuer):
    wanted = {"environment": "production", "issuer": issuer.url, "claims": {"sub": "repo:acme/*", "aud": "x"}}
    answer = program.post(f"{place}/trusted-builds", wanted)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["problems"]] == ["/claims/sub", "/claims/aud"]
    many = {**wanted, "claims": {f"claim{number}": "x" for number in range(13)}}
    assert program.post(f"{place}/trusted-builds", many).status_code == 422
    assert program.post(f"{place}/trusted-builds", {**wanted, "claims": {"sub": 7}}).status_code == 422
    assert not TrustedBuild.objects.exists()


def calls(program, place, trusted):
    token = {"environment": "staging", "name": "CI"}
    return [
        program.get(f"{place}/deploy-tokens"),
        program.get(f"{place}/trusted-builds"),
        program.get(f"{place}/refused-builds"),
        program.post(f"{place}/deploy-tokens", token),
        program.post(
            f"{place}/trusted-builds", {"environment": "staging", "issuer": trusted.issuer, "claims": EXPECTED}
        ),
        program.delete(f"{place}/deploy-tokens/{trusted.pk}"),
        program.delete(f"{place}/trusted-builds/{trusted.pk}"),
    ]


def test_a_deploy_token_cannot_make_see_or_end_tokens(program, place, trusted):
    made = program.post(f"{place}/deploy-tokens", {"environment": "production", "name": "CI"}).json()

    class Build(Program):
        def __init__(self, token):
            self._client = Client(headers={"authorization": f"Bearer {token}"})

    for answer in calls(Build(made["token"]), place, trusted):
        assert (answer.status_code, "a person signs in" in answer.json()["detail"]) == (403, True)
    assert {each.status_code for each in calls(Build("tpd_unknown"), place, trusted)} == {401}
    assert DeployToken.objects.get().revoked_at is None


def test_to_people_of_other_vendors_nothing_exists(stranger, place, trusted):
    strangers = Program(stranger, "apps:read", "apps:write")

    assert {each.status_code for each in calls(strangers, place, trusted)} == {404}


def test_who_may_only_read_makes_nothing(owner, place, trusted):
    codes = [each.status_code for each in calls(Program(owner, "apps:read"), place, trusted)]

    assert codes == [200, 200, 200, 403, 403, 403, 403]
