"""An app with a listing per environment: each with its own key and address, and production alone becomes public."""

import re

import pytest
from tests.marketplace.browsing import after, sign_in, text_of
from tests.marketplace.conftest import HOUR, START, publish
from tests.marketplace.test_rest import Program
from tests.marketplace.test_workers import at_the_same_time
from tests.marketplace.vendors import descriptor
from tests.marketplace.wire_client import APP, WireHost

from tradepost.core.errors import ConflictError, InvalidInputError, NotFoundError, ProblemsError
from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.catalog import commands, queries
from tradepost.marketplace.catalog.models import Listing

pytestmark = pytest.mark.django_db

STAGING = "com.example.app.staging"


@pytest.fixture
def staging_url(server):
    return server.serve(descriptor(key=STAGING, name="Example (staging)"), "/staging.json")


@pytest.fixture
def staging(listing, owner, staging_url):
    return commands.add_environment(APP, "staging", staging_url, by=owner, now=START)


def test_a_listing_that_stands_alone_is_for_production(listing):
    assert listing.environment == "production"
    assert queries.environments_of(listing) == [listing]
    assert queries.missing_environments(listing) == ["staging", "development"]


def test_an_environment_is_a_private_listing_of_its_own_in_the_same_group(listing, staging):
    assert (staging.environment, staging.group, staging.vendor) == ("staging", listing.group, listing.vendor)
    assert (staging.app_key, staging.state, str(staging.offered)) == (STAGING, "private", "1.0.0")
    assert queries.environments_of(staging) == [listing, staging]
    row = AuditEntry.objects.get(action="listing.made", subject_id=staging.pk)
    assert row.detail["environment"] == "staging"


def test_an_environment_needs_a_key_of_its_own(listing, owner, server):
    with pytest.raises(ConflictError, match="each environment has its own") as refused:
        commands.add_environment(APP, "staging", server.url(), by=owner, now=START)
    assert refused.value.rule == commands.KEY_TAKEN


def test_an_environment_is_there_once(listing, staging, owner, server):
    url = server.serve(descriptor(key="com.example.app.second"), "/second.json")

    for environment, key in (("staging", STAGING), ("production", APP)):
        with pytest.raises(ConflictError, match=re.escape(key)) as refused:
            commands.add_environment(APP, environment, url, by=owner, now=START)
        assert refused.value.rule == commands.ENVIRONMENT_TAKEN


def test_what_is_no_environment_is_refused(listing, owner, staging_url):
    with pytest.raises(InvalidInputError, match="production, staging, development"):
        commands.add_environment(APP, "qa", staging_url, by=owner, now=START)


def test_a_descriptor_that_cannot_be_listed_is_refused_with_its_problems(listing, owner, server):
    url = server.serve(descriptor(key="com.example.app.dev", baseUrl=None), "/dev.json")

    with pytest.raises(ProblemsError):
        commands.add_environment(APP, "development", url, by=owner, now=START)
    assert Listing.objects.count() == 1


def test_the_app_of_another_vendor_is_not_there(listing, stranger, staging_url):
    with pytest.raises(NotFoundError):
        commands.add_environment(APP, "staging", staging_url, by=stranger, now=START)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("second_key", [STAGING, "com.example.app.qa"])
def test_of_two_who_add_the_same_environment_at_once_one_is_told_that_it_is_there(
    listing, owner, server, staging_url, second_key
):
    other = server.serve(descriptor(key=second_key), "/other.json")

    def add(url):
        return lambda: commands.add_environment(APP, "staging", url, by=owner, now=START)

    results = at_the_same_time(add(staging_url), add(other))

    (refused,) = [each for each in results if isinstance(each, Exception)]
    assert isinstance(refused, ConflictError), repr(refused)
    assert refused.rule in {commands.ENVIRONMENT_TAKEN, commands.KEY_TAKEN}
    assert Listing.objects.filter(environment="staging").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_the_same_key_for_two_environments_at_once_one_is_told_that_it_is_taken(
    listing, owner, staging_url
):
    def add(environment):
        return lambda: commands.add_environment(APP, environment, staging_url, by=owner, now=START)

    results = at_the_same_time(add("staging"), add("development"))

    (refused,) = [each for each in results if isinstance(each, Exception)]
    assert isinstance(refused, ConflictError), repr(refused)
    assert refused.rule == commands.KEY_TAKEN


def test_only_production_can_become_public(listing, staging, owner, operator):
    with pytest.raises(ConflictError, match="Only an app's production listing") as refused:
        commands.submit_listing(STAGING, by=owner, now=START)
    assert refused.value.rule == commands.NOT_PRODUCTION

    publish(listing, owner=owner, operator=operator)
    staging.refresh_from_db()
    assert staging.state == "private"


def test_staging_stays_out_of_the_catalogue_when_production_is_public(listing, staging, owner, operator, host):
    publish(listing, owner=owner, operator=operator)
    wire = WireHost(host[1])

    assert [entry["app"] for entry in wire.get("/wire/1/apps").json()["entries"]] == [APP]
    assert wire.get(f"/wire/1/apps/{STAGING}").status_code == 404
    assert sign_in().get(f"/apps/{STAGING}/").status_code == 404


def test_environments_stand_together_on_the_apps_page_with_a_switch_on_every_page(listing, staging, owner):
    browser = sign_in(owner)

    for key, other in ((APP, STAGING), (STAGING, APP)):
        page = text_of(browser.get(f"/listings/{key}/"))
        assert f'href="/listings/{other}/"' in page
        assert APP in page
        assert STAGING in page
        assert f'href="/listings/{other}/"' in text_of(browser.get(f"/listings/{key}/versions/"))
    assert "Submit for review" not in text_of(browser.get(f"/listings/{STAGING}/"))
    assert "Submit for review" in text_of(browser.get(f"/listings/{APP}/"))


def test_an_app_with_one_listing_shows_no_switch(listing, owner):
    assert 'aria-label="Environments"' not in text_of(sign_in(owner).get(f"/listings/{APP}/"))


def test_a_page_adds_an_environment_and_says_what_is_wrong(listing, owner, server, staging_url):
    browser, place = sign_in(owner), f"/listings/{APP}/environments/new/"
    assert "stay private" in text_of(browser.get(place))

    taken = browser.post(place, {"environment": "staging", "descriptor_url": server.url()})
    assert taken.status_code == 422
    assert "each environment has its own" in taken.content.decode()
    made = browser.post(place, {"environment": "staging", "descriptor_url": staging_url}, follow=True)
    assert f"{STAGING} is listed for staging, with version 1.0.0." in after(made)
    assert "staging" not in [value for value, _ in browser.get(place).context["form"].fields["environment"].choices]


def test_when_every_environment_is_there_the_page_says_so(listing, staging, owner, server):
    url = server.serve(descriptor(key="com.example.app.dev"), "/dev.json")
    commands.add_environment(STAGING, "development", url, by=owner, now=START + HOUR)

    answer = sign_in(owner).get(f"/listings/{APP}/environments/new/", follow=True)
    assert "every environment already" in after(answer)


def test_strangers_see_no_page_about_it(listing, staging, stranger):
    browser = sign_in(stranger)

    assert browser.get(f"/listings/{APP}/environments/new/").status_code == 404
    assert browser.get(f"/listings/{STAGING}/").status_code == 404


def test_programs_list_and_add_environments(listing, owner, staging_url):
    program = Program(owner, "apps:read", "apps:write")
    made = program.post(f"/listings/{APP}/environments", {"environment": "staging", "descriptor_url": staging_url})

    assert made.status_code == 201, made.content
    assert (made.json()["environment"], made.json()["group"]) == ("staging", str(listing.group))
    listed = program.get(f"/listings/{STAGING}/environments").json()
    assert [(each["environment"], each["key"]) for each in listed] == [("production", APP), ("staging", STAGING)]
    again = program.post(f"/listings/{APP}/environments", {"environment": "staging", "descriptor_url": staging_url})
    assert (again.status_code, again.json()["rule"]) == (409, commands.ENVIRONMENT_TAKEN)
    refused = program.put(f"/listings/{STAGING}/submission")
    assert (refused.status_code, refused.json()["rule"]) == (409, commands.NOT_PRODUCTION)


def test_programs_need_scopes_and_see_their_own(listing, owner, stranger, staging_url):
    told = {"environment": "staging", "descriptor_url": staging_url}

    assert Program(owner, "apps:read").post(f"/listings/{APP}/environments", told).status_code == 403
    assert Program(stranger, "apps:read", "apps:write").post(f"/listings/{APP}/environments", told).status_code == 404
    assert Program(stranger, "apps:read").get(f"/listings/{APP}/environments").status_code == 404
    bad = told | {"environment": "qa"}
    assert Program(owner, "apps:write").post(f"/listings/{APP}/environments", bad).status_code == 422
