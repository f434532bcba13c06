"""A deployment while a rollout between majors runs: nothing waits for it, and sites get the newest of the major."""

import pytest
from tests.marketplace.deployments.manifests import KEY, MAJOR, MINOR, manifest
from tests.marketplace.test_workers import at_the_same_time
from tests.marketplace.wire_client import WireHost

NO_SCOPE = {"permissions__scopes": []}
"""A scope that is gone is a major and takes nothing: such a version may be rolled out."""


@pytest.fixture
def rolling(public, host):
    """A site on major 1, and a rollout to major 2 that runs; returns the site's host."""
    wire = WireHost(host[1])
    wire.check((1, {KEY: "1.1.0"}))
    wire.report(wire.says(1, "1.1.0", app=KEY))
    public.deployed(manifest(**NO_SCOPE), approve_major=True)
    started = public.post("/rollouts", {"environment": "production", "from_major": 1})
    assert started.status_code == 201, started.content
    return wire


def offers(wire):
    return {each["version"]: each["rollout"] for each in wire.check((1, {KEY: "1.1.0"})).json()["offers"]}


@pytest.mark.django_db
def test_a_minor_of_the_new_major_takes_the_place_of_what_is_rolled_out(public, rolling):
    (rollout,) = offers(rolling).values()
    assert rollout is not None
    public.deployed(manifest(**NO_SCOPE, **MINOR))

    assert offers(rolling) == {"2.1.0": rollout}


@pytest.mark.django_db
def test_a_backport_during_the_rollout_reaches_the_sites_that_wait(public, rolling):
    public.deployed(manifest(**MINOR), major_version=1)

    assert set(offers(rolling)) == {"1.2.0", "2.0.0"}


@pytest.mark.django_db
def test_a_newer_major_does_not_disturb_the_rollout(public, rolling):
    public.deployed(manifest(**MAJOR), approve_major=True)

    (row,) = public.get("/rollouts?environment=production").json()["items"]
    assert row["state"] == "running"
    assert offers(rolling) == {"2.0.0": row["id"]}


@pytest.mark.django_db(transaction=True)
def test_deployments_reports_and_the_start_of_a_rollout_at_once(public, host):
    wire = WireHost(host[1])
    wire.check((1, {KEY: "1.1.0"}))
    wire.report(wire.says(1, "1.1.0", app=KEY))
    public.deployed(manifest(**NO_SCOPE), approve_major=True)
    answers = at_the_same_time(
        lambda: public.post("/rollouts", {"environment": "production", "from_major": 1}),
        lambda: public.deploy(manifest(**NO_SCOPE, **MINOR)),
        lambda: public.deploy(manifest(**MINOR), major_version=1),
        lambda: wire.report(wire.says(1, "1.1.0", app=KEY)),
    )

    assert [each.status_code for each in answers] == [201, 201, 201, 200]
    assert [number for number, _ in public.numbers()] == ["2.1.0", "2.0.0", "1.2.0", "1.1.0"]
