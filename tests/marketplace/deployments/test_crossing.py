"""A watched app becomes a deployed one: under the same key, with a major of its own, and never back."""

import pytest
from tests.marketplace.browsing import after, sign_in, text_of
from tests.marketplace.conftest import HOUR, START, poll, publish
from tests.marketplace.deployments.manifests import APP_ID, KEY, MINOR, PAID, Deploying, descriptor, manifest
from tests.marketplace.test_rest import Program

from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.deployments.models import DeployedApp
from tradepost.marketplace.notices.models import Notice
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.reviews import commands as reviews
from tradepost.marketplace.reviews.models import Review
from tradepost.marketplace.watching import claims, commands
from tradepost.marketplace.watching.queries import next_due

pytestmark = pytest.mark.django_db


def test_the_first_deployment_takes_the_next_major_and_ends_the_watching(watched, acme):
    assert acme.deploy().json()["rule"] == "deployment.major"
    made = acme.deployed(approve_major=True)

    assert (made["version"], made["before"], made["change"]) == ("2.0.0", "1.0.0", "major")
    assert [each["rule"] for each in made["reasons"]] == ["deployment.from_watched"]
    assert (made["consent"], made["equivalence"][0]["rule"]) == (False, "equivalence.same")
    watched.refresh_from_db()
    assert (watched.source, watched.next_poll_at, watched.descriptor_url) == ("deployed", None, "")
    assert (str(watched.offered), watched.poll_lease) == ("2.0.0", None)
    assert next_due() is None
    assert claims.claim_due(START + 100 * HOUR) == []
    row = AuditEntry.objects.get(action="listing.deployed")
    assert row.detail["descriptor_url"].endswith("/descriptor.json")
    assert acme.deployed(manifest(**MINOR))["version"] == "2.1.0"


def test_what_sites_are_asked_follows_the_equivalence_and_not_the_number(watched, acme):
    told = acme.deployed(manifest(**PAID), dry_run=True)
    assert told["consent"] is True
    assert {"equivalence.payment_enabled"} <= {each["rule"] for each in told["equivalence"] if each["consent"]}
    assert all(each["line"] for each in told["equivalence"])
    acme.deployed(approve_major=True)

    (version,) = AppVersion.objects.filter(number="2.0.0")
    assert version.consent is False
    assert [each["consent"] for each in version.reasons] == [False, False]
    assert acme.get("/comparison?from=1.0.0&to=2.0.0").json()["reasons"][0]["rule"] == "equivalence.same"


def test_a_poll_under_way_makes_no_version_any_more(watched, acme, server):
    Listing.objects.update(next_poll_at=START)
    (taken,) = claims.claim_due(START)
    acme.deployed(approve_major=True)
    server.serve(descriptor(scopes=["READ", "WRITE"]))
    (answer,) = commands._ask([taken])  # the poll that was under way gets its answer now
    policy = catalog.queries.listing_policy()
    commands.record(taken, commands.read_answer(answer, policy=policy), now=START + HOUR)

    watched.refresh_from_db()
    assert (watched.next_poll_at, watched.versions.count()) == (None, 2)


def test_the_major_follows_the_highest_that_is_listed_or_waits_for_it(watched, acme, server, owner, operator):
    publish(watched, owner=owner, operator=operator)
    server.serve(descriptor(apiVersion=5, baseUrl="http://127.0.0.9:9000/poll"))
    poll(watched, START + HOUR)
    assert acme.deployed(dry_run=True)["version"] == "6.0.0"
    reviews.reject(Review.objects.get(state="waiting").pk, comment="No", by=operator, now=START)

    assert acme.deployed(dry_run=True)["version"] == "2.0.0"


def test_a_version_that_was_watched_and_waits_is_over_when_the_deployed_one_is_offered(
    watched, acme, server, owner, operator
):
    publish(watched, owner=owner, operator=operator)
    server.serve(descriptor(baseUrl="http://127.0.0.9:9000/poll"))
    poll(watched, START + HOUR)
    made = acme.deployed(approve_major=True)

    assert (made["version"], made["before"], made["state"]) == ("2.0.0", "1.0.0", "in_review")
    assert [each["rule"] for each in made["review"]] == ["review.first_deployment"]
    reviews.approve(Review.objects.get(version__number="2.0.0").pk, by=operator, now=START)
    assert acme.numbers() == [("2.0.0", "offered"), ("1.0.1", "superseded"), ("1.0.0", "offered")]


def test_a_public_app_waits_for_a_review_until_a_deployed_version_was_offered(watched, acme, owner, operator):
    publish(watched, owner=owner, operator=operator)
    acme.deployed(approve_major=True)
    acme.post("/versions/2.0.0/withdrawal", {"environment": "production"})
    again = acme.deploy()

    assert again.json()["rule"] == "deployment.major"
    made = acme.deployed(approve_major=True)
    assert (made["version"], made["state"]) == ("2.1.0", "in_review"), "the major is the next one, 2.0.0 is used up"
    minor = acme.deployed(manifest(**MINOR))
    assert (minor["version"], minor["state"]) == ("2.2.0", "in_review")
    reviews.approve(Review.objects.get(version__number="2.1.0").pk, by=operator, now=START)
    assert acme.numbers()[:2] == [("2.2.0", "offered"), ("2.1.0", "offered")]


def test_the_submission_of_a_watched_version_is_approved_and_the_deployed_one_waits(watched, acme, owner, operator):
    catalog.submit_listing(KEY, by=owner, now=START)
    assert acme.deployed(approve_major=True)["state"] == "offered"
    reviews.approve(Review.objects.get(state="waiting").pk, by=operator, now=START)

    assert acme.numbers() == [("2.0.0", "in_review"), ("1.0.0", "offered")]
    assert [each["rule"] for each in Review.objects.get(state="waiting").reasons] == ["review.first_deployment"]


def test_never_back(watched, acme, owner, server):
    acme.deployed(approve_major=True)
    program = Program(owner, "apps:read", "apps:write")

    for answer in (
        program.put(f"/listings/{KEY}/poll"),
        program.put(f"/listings/{KEY}/descriptor-url", {"descriptor_url": server.url()}),
        program.post(f"/listings/{KEY}/environments", {"environment": "staging", "descriptor_url": server.url()}),
        program.post(f"/listings/{KEY}/previews", {"document": descriptor()}),
        program.post("/listings", {"vendor": str(watched.vendor_id), "descriptor_url": server.url()}),
    ):
        assert answer.status_code == 409, answer.content
    assert program.put(f"/listings/{KEY}/resumption").status_code == 409
    seen = program.get(f"/listings/{KEY}").json()
    assert (seen["source"], seen["next_poll_at"]) == ("deployed", None)


def test_the_environments_of_the_watched_app_become_those_of_the_deployed_one(watched, acme, owner, server):
    url = server.serve(descriptor(key="com.example.poll.dev"), "/dev.json")
    catalog.add_environment(KEY, "development", url, by=owner, now=START)
    made = acme.deployed(environment="development", approve_major=True)

    assert (made["app_key"], made["version"]) == ("com.example.poll.dev", "2.0.0")
    assert DeployedApp.objects.get().group == watched.group
    production, staging, development = acme.get("/environments").json()
    assert (production["app_key"], production["source"], development["source"]) == (KEY, "watched", "deployed")
    assert acme.deployed(environment="staging")["app_key"] == f"{KEY}-staging"
    assert acme.deployed(approve_major=True)["app_key"] == KEY
    assert staging["app_key"] is None


def test_a_deployed_environment_and_a_watched_app_come_together(acme, server, vendor, owner):
    acme.deployed(environment="development")
    catalog.list_app(vendor.pk, server.serve(descriptor()), by=owner, now=START)
    made = acme.deployed(approve_major=True)

    assert made["version"] == "2.0.0"
    assert Listing.objects.values("group").distinct().count() == 1
    assert [each["app_key"] for each in acme.get("/environments").json()] == [KEY, None, f"{KEY}-development"]


def test_two_apps_of_a_vendor_cannot_take_over_the_same_watched_app(watched, acme):
    acme.deployed(approve_major=True)
    assert acme.register("Second", "second-1").status_code == 201
    refused = acme.deploy(manifest(app__id="second-1"), approve_major=True)

    assert refused.json()["rule"] == "deployment.key_taken"


def test_another_vendors_watched_app_is_not_taken_over(watched, stranger):
    rival = Deploying.of(stranger)
    rival.register("Poll", APP_ID)
    assert rival.deploy(approve_major=True).json()["rule"] == "deployment.key_taken"


def test_trouble_and_holds_of_the_watching_end(watched, acme):
    Listing.objects.update(held_at=START, held_reason="Too often", problem={"text": "x"}, problem_since=START)
    acme.deployed(approve_major=True)

    watched.refresh_from_db()
    assert (watched.held_at, watched.problem, watched.problem_since) == (None, None, None)


def test_the_vendor_is_told_and_the_pages_say_it(watched, acme, owner):
    acme.deployed(approve_major=True)
    notice = Notice.objects.get(kind="version")
    assert "120 hours" in notice.text
    assert "No administrator is asked" in notice.text

    browser = sign_in(owner)
    page = text_of(browser.get(f"/listings/{KEY}/"))
    assert "by deployment from the command line" in page
    assert "Poll now" not in page
    assert "has no address that is watched" in after(browser.post(f"/listings/{KEY}/poll/", follow=True))
    assert "has no address that is watched" in after(browser.get(f"/listings/{KEY}/address/", follow=True))
    assert "comes with the first deployment" in after(browser.get(f"/listings/{KEY}/environments/new/", follow=True))
    assert "Try a manifest" in after(browser.get(f"/listings/{KEY}/preview/", follow=True))
    assert "its address was watched" in text_of(browser.get(f"/listings/{KEY}/polls/"))
