"""Two who act at the same moment: deployments, withdrawals, approvals, polls. Real connections, real commits."""

import pytest
from tests.marketplace.conftest import START
from tests.marketplace.deployments.manifests import APP_ID, KEY, MAJOR, MINOR, PAID, Deploying, descriptor, manifest
from tests.marketplace.test_workers import at_the_same_time

from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.deployments.models import DeployedApp, Deployment
from tradepost.marketplace.reviews import commands as reviews
from tradepost.marketplace.reviews.models import Review
from tradepost.marketplace.watching import commands as watching

pytestmark = pytest.mark.django_db(transaction=True)


def statuses(answers):
    return sorted(each.status_code if hasattr(each, "status_code") else repr(each) for each in answers)


@pytest.mark.parametrize("environment", ["production", "development"])
def test_of_two_first_deployments_at_once_one_is_the_first(acme, environment):
    answers = at_the_same_time(*[lambda: acme.deploy(environment=environment)] * 2)

    assert statuses(answers) == [201, 201]
    assert sorted(each.json()["version"] for each in answers) == ["1.1.0", "1.2.0"]
    assert Listing.objects.count() == 1


def test_first_deployments_to_three_environments_at_once_share_one_group(acme):
    answers = at_the_same_time(
        *[lambda e=e: acme.deploy(environment=e) for e in ("production", "staging", "development")]
    )

    assert statuses(answers) == [201] * 3
    assert Listing.objects.values("group").distinct().count() == 1
    keys = set(Listing.objects.values_list("app_key", flat=True))
    assert keys == {KEY, f"{KEY}-staging", f"{KEY}-development"}


def test_deployments_at_once_make_versions_with_different_numbers(acme):
    acme.deployed()
    texts = [manifest(app__description=f"Text {n}") for n in range(4)]
    answers = at_the_same_time(*[lambda text=text: acme.deploy(text) for text in texts])

    assert statuses(answers) == [201] * 4
    assert sorted(each.json()["version"] for each in answers) == [f"1.{n}.0" for n in range(2, 6)]
    assert str(Listing.objects.get().offered) == "1.5.0"


def test_two_majors_at_once_are_compared_with_each_other(acme):
    acme.deployed()
    answers = at_the_same_time(*[lambda: acme.deploy(manifest(**MAJOR), approve_major=True)] * 2)

    assert sorted(each.json()["version"] for each in answers) == ["2.0.0", "2.1.0"]
    assert sorted(each.json()["before"] for each in answers) == ["1.1.0", "2.0.0"]


def test_a_backport_and_a_minor_at_once_take_numbers_of_their_own(acme):
    acme.deployed()
    acme.deployed(manifest(**MAJOR), approve_major=True)
    answers = at_the_same_time(
        lambda: acme.deploy(manifest(**MINOR), major_version=1), lambda: acme.deploy(manifest(**MAJOR, **MINOR))
    )

    assert sorted(each.json()["version"] for each in answers) == ["1.2.0", "2.1.0"]
    assert str(Listing.objects.get().offered) == "2.1.0"


def test_a_withdrawal_and_an_approval_at_once_leave_one_of_them(public, operator):
    public.deployed(manifest(**PAID), approve_major=True)
    review = Review.objects.get(state="waiting")
    withdrawn, approved = at_the_same_time(
        lambda: public.post("/versions/2.0.0/withdrawal", {"environment": "production"}),
        lambda: reviews.approve(review.pk, by=operator, now=START),
    )
    state = public.numbers()[0][1]

    assert state == ("withdrawn" if withdrawn.status_code == 200 else "offered")
    assert isinstance(approved, Exception) == (state == "withdrawn")
    assert Review.objects.get(pk=review.pk).state == ("superseded" if state == "withdrawn" else "approved")


def test_two_vendors_who_want_the_same_key_at_once(acme, stranger):
    rival = Deploying.of(stranger)
    rival.register("Rival", "rival-1")
    answers = at_the_same_time(acme.deploy, lambda: rival.deploy(manifest(app__id="rival-1")))

    assert statuses(answers) == [201, 409]
    (refused,) = [each for each in answers if each.status_code == 409]
    assert refused.json()["rule"] == "deployment.key_taken"
    assert Listing.objects.count() == Deployment.objects.count() == 1
    assert AuditEntry.objects.filter(action="deployment.refused").count() == 1


def test_a_poll_and_the_deployment_that_ends_the_watching_at_once(watched, acme, server):
    server.serve(descriptor(description="Changed"))
    Listing.objects.update(next_poll_at=START)
    _, made = at_the_same_time(lambda: watching.poll_due(START), lambda: acme.deploy(approve_major=True))

    assert made.status_code == 201, made.content
    watched.refresh_from_db()
    assert (watched.source, watched.next_poll_at, watched.poll_lease) == ("deployed", None, None)
    assert str(watched.offered) == "2.0.0"


def test_an_environment_that_is_watched_and_deployed_to_at_once_is_one_of_them(watched, acme, owner, server):
    acme.deployed(environment="development")
    url = server.serve(descriptor(key="com.example.poll.qa"), "/qa.json")
    answers = at_the_same_time(
        lambda: catalog.add_environment(KEY, "staging", url, by=owner, now=START),
        lambda: acme.deploy(environment="staging", approve_major=True),
    )

    assert all(not isinstance(each, AssertionError) for each in answers)
    assert Listing.objects.filter(environment="staging").count() == 1


def test_an_app_id_registered_twice_at_once_is_registered_once(owner):
    vendors = [Deploying.of(owner) for _ in range(2)]
    answers = at_the_same_time(*[each.register for each in vendors])

    assert statuses(answers) == [201, 409]
    assert DeployedApp.objects.filter(app_id=APP_ID).count() == 1
