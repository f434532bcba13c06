"""Rollouts by REST: who may do what, and what comes back."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from tests.marketplace.bulk.making import MORE_SCOPES, manifest, states
from tests.marketplace.test_rest import Program

from tradepost.foundation.clock import machine_now
from tradepost.foundation.secrets import hash_token
from tradepost.marketplace.builds.models import DeployToken
from tradepost.marketplace.bulk.models import BulkUpgrade

pytestmark = pytest.mark.django_db
WANTED = {"environment": "production", "from_major": 1}
SECRET = "tpd_" + "x" * 43


@pytest.fixture
def place(world):
    return f"/deployed-apps/{world.app.pk}/rollouts"


@pytest.fixture
def program(owner):
    return Program(owner, "apps:read", "apps:write")


class Build(Program):
    """Speaks REST with a deploy token."""

    def __init__(self, world, environment="production"):
        DeployToken.objects.create(
            app=world.app,
            environment=environment,
            name="ci",
            prefix="tpd_x",
            digest=hash_token(SECRET),
            created_at=machine_now(),
            created_by="test",
            expires_at=machine_now() + timedelta(days=1),
        )
        self._client = Client(headers={"authorization": f"Bearer {SECRET}"})


def refusal(answer):
    return answer.status_code, answer.json().get("rule", "")


def test_the_way_of_a_rollout_from_looking_ahead_to_its_end(world, place, program):
    poorer = world.version("1.2.0", manifest({"permissions": {"external": None}}))
    first, second, _ = world.sites(3, world.old)
    world.sites(4, poorer)

    ahead = program.post(place, WANTED | {"limit": 2, "dry_run": True})
    assert ahead.status_code == 200, ahead.content
    told = ahead.json()
    assert (told["id"], told["state"], told["dry_run"], told["started_at"]) == (None, "", True, None)
    assert (told["eligible"], told["pending"], told["remaining"], told["kind"]) == (3, 2, 1, "bulk")
    (apart,) = told["ineligible"]
    assert (apart["version"], apart["sites"], apart["reasons"][0]["rule"]) == ("1.2.0", 4, "egress.added")
    assert apart["reasons"][0]["line"] is not None
    assert not BulkUpgrade.objects.exists()

    started = program.post(place, WANTED | {"limit": 2})
    assert started.status_code == 201, started.content
    told = started.json()
    assert (told["state"], told["pending"], told["remaining"], told["capped"]) == ("running", 2, 1, False)
    assert (told["to_version"], told["from_major"], told["limit"], told["environment"]) == ("2.0.0", 1, 2, "production")
    assert told["ineligible"] == [apart]

    world.report(first, running=world.new, now=datetime(2100, 1, 1, tzinfo=UTC))
    world.report(second, running=world.old, state="failed", text="It said 500.", now=datetime(2100, 1, 1, tzinfo=UTC))
    ended = program.get(f"{place}/{told['id']}").json()
    assert (ended["state"], ended["upgraded"], ended["failed"], ended["failure_rate"]) == ("completed", 1, 1, 0.5)
    (failed,) = program.get(f"{place}/{told['id']}/sites?state=failed").json()["items"]
    assert (failed["name"], failed["text"], failed["state"]) == (second.name, "It said 500.", "failed")
    assert len(program.get(f"{place}/{told['id']}/sites").json()["items"]) == 2
    assert refusal(program.post(f"{place}/{told['id']}/cancellation")) == (409, "rollout.over")


def test_cancelling_by_rest_twice_is_once(world, place, program):
    world.sites(2, world.old)
    told = program.post(place, WANTED).json()

    answers = [program.post(f"{place}/{told['id']}/cancellation") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert (answers[0].json()["state"], answers[0].json()["left"]) == ("cancelled", 2)


def test_refusals_have_a_rule_and_new_rights_their_reasons_with_places(world, place, program):
    assert refusal(program.post(place, WANTED)) == (409, "rollout.nobody")
    world.sites(1, world.old)
    assert refusal(program.post(place, WANTED | {"from_major": 2})) == (409, "rollout.not_newer")
    world.version("3.0.0", manifest(MORE_SCOPES), state="in_review")
    assert refusal(program.post(place, WANTED | {"to_version": "3.0.0"})) == (409, "rollout.not_offered")
    world.version("4.0.0", manifest(MORE_SCOPES))
    answer = program.post(place, WANTED)
    assert refusal(answer) == (409, "rollout.rights")
    (problem,) = answer.json()["problems"]
    assert (problem["rule"], problem["pointer"]) == ("manifest_scope.added", "/permissions/scopes/1")
    assert problem["line"] == 1
    assert program.post(place, WANTED | {"to_version": "9.9.9"}).status_code == 404
    program.post(place, WANTED | {"to_version": "2.0.0"})
    assert refusal(program.post(place, WANTED | {"to_version": "2.0.0"})) == (409, "rollout.running")


def test_who_comes_when_too_many_run_hears_when_to_come_again(world, other_world, place, program, policy):
    policy(bulk_upgrades_at_once=1)
    world.sites(1, world.old)
    other_world.sites(1, other_world.old)
    other_world.start()

    for dry_run in (False, True):
        answer = program.post(place, WANTED | {"dry_run": dry_run})
        assert refusal(answer) == (429, "rollout.too_many")
        assert answer["Retry-After"] == "1800"


def test_a_limit_above_what_is_allowed_is_lowered(world, place, program, policy):
    policy(bulk_upgrade_sites=1)
    world.sites(2, world.old)

    told = program.post(place, WANTED | {"limit": 10**9}).json()

    assert (told["capped"], told["limit"], told["pending"], told["remaining"]) == (True, 1, 1, 1)
    assert program.get(f"{place}/{told['id']}").json()["capped"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"from_major": -1}, {"from_major": 10**9}, {"from_major": "1"}, {"from_major": None}, {"from_major": 1.5},
        {"limit": 0}, {"limit": -1}, {"limit": 10**30}, {"environment": "prod"}, {"environment": None},
        {"to_version": "1" * 41}, {"to_version": 2}, {"dry_run": "maybe"},
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused_with_its_place(world, place, program, wrong):
    world.sites(1, world.old)
    answer = program.post(place, WANTED | wrong)

    if wrong == {"from_major": "1"}:  # a number in quotes is understood
        assert answer.status_code == 201
        return
    assert answer.status_code == 422, answer.content
    assert answer.json()["problems"][0]["pointer"] == f"/{next(iter(wrong))}"
    assert not BulkUpgrade.objects.exists()


def test_lists_come_in_pages_by_environment_and_state(world, place, program):
    for _ in range(3):
        world.sites(1, world.old)
        world.cancel(world.start())

    first = program.get(f"{place}?limit=2").json()
    second = program.get(f"{place}?limit=2&after={first['next']}").json()

    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 1, None)
    assert len(program.get(f"{place}?state=cancelled&environment=production").json()["items"]) == 3
    assert program.get(f"{place}?environment=staging").json()["items"] == []
    assert program.get(f"{place}?environment=nowhere").status_code == 422
    assert program.get(f"{place}?state=nonsense").status_code == 422


def test_a_list_takes_as_many_statements_for_many_rollouts_as_for_one(world, place, program, count_statements):
    world.sites(1, world.old)
    world.cancel(world.start())
    program.get(place)
    few = count_statements(lambda: program.get(place))
    for _ in range(5):
        world.cancel(world.start())

    assert count_statements(lambda: program.get(place)) == few


def test_a_deploy_token_reads_and_neither_starts_nor_cancels(world, place):
    world.sites(2, world.old)
    bulk = world.start(limit=1)
    build = Build(world)

    assert build.get(f"{place}/{bulk.pk}").json()["state"] == "running"
    assert len(build.get(place).json()["items"]) == 1
    assert len(build.get(f"{place}/{bulk.pk}/sites").json()["items"]) == 1
    assert build.post(place, WANTED).status_code == 403
    assert build.post(place, WANTED | {"dry_run": True}).status_code == 403
    assert build.post(f"{place}/{bulk.pk}/cancellation").status_code == 403
    assert states(bulk) == {"pending": 1}


def test_a_deploy_token_of_another_environment_or_app_sees_nothing(world, other_world, place):
    world.sites(1, world.old)
    bulk = world.start()
    build = Build(world, environment="staging")

    assert build.get(place).json()["items"] == []
    assert build.get(f"{place}?environment=production").status_code == 404
    assert build.get(f"{place}/{bulk.pk}").status_code == 404
    assert build.get(f"{place}/{bulk.pk}/sites").status_code == 404
    assert build.get(f"/deployed-apps/{other_world.app.pk}/rollouts").status_code == 404
    assert build.post(f"/deployed-apps/{other_world.app.pk}/rollouts", WANTED).status_code == 404


def test_reading_and_writing_need_their_scopes(world, place, owner):
    world.sites(1, world.old)
    bulk = world.start()
    reader, writer = Program(owner, "apps:read"), Program(owner, "apps:write")

    assert reader.get(f"{place}/{bulk.pk}").status_code == 200
    assert writer.get(f"{place}/{bulk.pk}").status_code == 403
    assert reader.post(place, WANTED).status_code == 403
    assert reader.post(f"{place}/{bulk.pk}/cancellation").status_code == 403


def test_another_vendors_rollouts_are_not_there(world, place, stranger):
    world.sites(1, world.old)
    bulk = world.start()
    program = Program(stranger, "apps:read", "apps:write")
    answers = [
        program.get(place),
        program.post(place, WANTED),
        program.get(f"{place}/{bulk.pk}"),
        program.get(f"{place}/{bulk.pk}/sites"),
        program.post(f"{place}/{bulk.pk}/cancellation"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert states(bulk) == {"pending": 1}


def test_an_operator_may_help_a_vendor(world, place, operator):
    world.sites(1, world.old)
    bulk = world.start()
    program = Program(operator, "apps:read", "apps:write", "operate")

    assert program.get(f"{place}/{bulk.pk}").json()["started_by"] == "owner@acme.test"
    assert program.post(f"{place}/{bulk.pk}/cancellation").json()["finished_by"] == operator.actor


def test_nobody_comes_without_a_token(world, place):
    assert Client().get(f"/api/1{place}").status_code == 401
