"""The pages about deployed apps, and deployed apps on the pages of all apps."""

import pytest
from tests.marketplace.browsing import after, sign_in, text_of
from tests.marketplace.deployments.manifests import APP_ID, KEY, MAJOR, MINOR, PAID, manifest
from tests.marketplace.test_rest import Program
from tests.marketplace.wire_client import WireHost

from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.deployments.drawing import majors_chart
from tradepost.marketplace.deployments.models import Deployment
from tradepost.marketplace.deployments.showing import manifest_lines
from tradepost.marketplace.rollout.queries import Point

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


def test_an_app_is_registered_on_a_page_which_says_what_to_type(owner):
    browser = sign_in(owner)
    page = text_of(browser.get("/deployed-apps/"))
    assert "No app is registered yet." in page
    assert "tradepost register" in page
    form = {"vendor": str(owner.user.memberships.get().vendor_id), "name": "Poll", "app_id": APP_ID}

    made = browser.post("/deployed-apps/", form, follow=True)
    assert "Poll is registered." in after(made)
    assert "tradepost deploy -e production" in made.content.decode()
    again = browser.post("/deployed-apps/", form)
    assert again.status_code == 422
    assert "registered already" in again.content.decode()
    assert "not deployed yet" in text_of(browser.get("/deployed-apps/"))


def test_an_apps_page_shows_its_environments_its_majors_and_the_sites_of_each(public, owner, host):
    public.deployed(manifest(**MAJOR), approve_major=True, message="More rights", run_url="https://ci.example/3")
    public.deployed(manifest(**MINOR), major_version=1)
    public.deployed(environment="staging")
    wire = WireHost(host[1])
    wire.check((1, {KEY: "1.2.0"}))
    wire.report(wire.says(1, "1.2.0", app=KEY))
    page = text_of(sign_in(owner).get(f"/deployed-apps/{public.app}/"))

    for said in ("Major 2", "Major 1", "backport", "More rights", "https://ci.example/3", "data-chart", "major 1"):
        assert said in page, said
    assert "Nobody has deployed to it yet" in page
    assert f"{KEY}-staging" in page
    staging = text_of(sign_in(owner).get(f"/deployed-apps/{public.app}/?environment=staging"))
    assert "No site has it yet" in staging
    assert sign_in(owner).get(f"/deployed-apps/{public.app}/?environment=qa").status_code == 404


def test_at_most_nine_versions_of_a_major_are_shown_first(acme, owner):
    for number in range(12):
        acme.deployed(manifest(app__description=f"Text {number}"))
    browser = sign_in(owner)
    page = text_of(browser.get(f"/deployed-apps/{acme.app}/"))

    assert "1.12.0" in page
    assert "versions/1.3.0/" not in page
    assert "All versions of major 1" in page
    whole = text_of(browser.get(f"/deployed-apps/{acme.app}/versions/?environment=production&major=1"))
    assert "versions/1.1.0/" in whole
    assert "No versions here" in text_of(browser.get(f"/deployed-apps/{acme.app}/versions/?major=7"))


def test_two_versions_are_compared_on_a_page_with_lines(acme, owner):
    acme.deployed()
    acme.deployed(manifest(**MAJOR), approve_major=True)
    browser = sign_in(owner)
    page = text_of(browser.get(f"/deployed-apps/{acme.app}/comparison/"))

    assert "From 1.1.0 to 2.0.0" in page
    assert "manifest_scope.added" in page
    assert "column" in page
    assert browser.get(f"/deployed-apps/{acme.app}/comparison/?from=1.1.0&to=9.9.9").status_code == 404
    assert "Two versions are needed" in text_of(
        browser.get(f"/deployed-apps/{acme.app}/comparison/?environment=staging")
    )


def test_a_manifest_is_tried_on_a_page_and_nothing_is_deployed(acme, owner):
    acme.deployed()
    browser, place = sign_in(owner), f"/deployed-apps/{acme.app}/trial/"
    assert "Nothing is deployed" in text_of(browser.get(place))

    told = text_of(browser.post(place, {"environment": "production", "text": manifest(**MAJOR)}))
    assert "It would be version 2.0.0" in told
    assert "--approve-major" in told
    refused = browser.post(place, {"environment": "production", "text": "app: ["})
    assert refused.status_code == 422
    assert "line 1, column" in refused.content.decode()
    backport = browser.post(place, {"environment": "production", "text": manifest(), "major_version": "7"})
    assert "no older major" in backport.content.decode()
    assert Deployment.objects.count() == 1


def test_the_version_page_shows_the_manifest_with_what_is_not_rendered_and_what_it_asks_for(acme, owner):
    text = manifest(modules={"macro": [{"key": "a", "title": HOSTILE}]}, **PAID)
    acme.deployed(text, message=HOSTILE)
    browser = sign_in(owner)
    page = text_of(browser.get(f"/listings/{KEY}/versions/1.1.0/"))

    assert HOSTILE not in page
    assert 'class="unrendered"' in page
    assert "the app has to be paid for" in page
    assert "The descriptor that it is on sites" in page
    download = browser.get(f"/deployed-apps/{acme.app}/versions/1.1.0/manifest.yml?environment=production")
    assert download.content == text.encode()
    assert "attachment" in download["Content-Disposition"]


def test_every_list_of_apps_says_that_it_is_deployed_from_the_command_line(public, owner, operator):
    for address in ("/", "/listings/", f"/vendors/{Listing.objects.get().vendor_id}/", f"/listings/{KEY}/"):
        assert "the command line" in text_of(sign_in(owner).get(address)), address
    assert "Submit for review" not in text_of(sign_in(owner).get(f"/listings/{KEY}/"))
    assert Program(owner, "apps:read").get("/listings").json()["items"][0]["source"] == "deployed"
    assert Program(owner, "apps:read").get(f"/listings/{KEY}/versions").json()["items"][0]["manifest"]


def test_a_deployed_listing_is_submitted_as_any_other(acme, owner):
    acme.deployed()
    acme.deployed(environment="staging")
    browser = sign_in(owner)
    assert "Submit for review" in text_of(browser.get(f"/listings/{KEY}/"))
    assert "Submit for review" not in text_of(browser.get(f"/listings/{KEY}-staging/"))

    assert "Submitted" in after(browser.post(f"/listings/{KEY}/submission/", follow=True))


def test_nothing_of_it_is_there_for_another_vendor(acme, stranger):
    acme.deployed()
    browser = sign_in(stranger)

    for end in ("", "versions/", "comparison/", "trial/", "versions/1.1.0/manifest.yml"):
        assert browser.get(f"/deployed-apps/{acme.app}/{end}").status_code == 404, end
    address = f"/deployed-apps/{acme.app}/versions/1.1.0/withdrawal/"
    assert browser.post(address, {"environment": "production"}).status_code == 404
    assert browser.get(f"/listings/{KEY}/deployment-trial/").status_code == 404
    assert "No app is registered yet" in text_of(browser.get("/deployed-apps/"))
    assert sign_in().get("/deployed-apps/").status_code == 302


def test_rules_of_manifests_are_explained_where_reasons_lead_to():
    page = text_of(sign_in().get("/rules/"))

    for rule in ("manifest_scope.added", "equivalence.scope_raised", "connect.nothing", "review.first_deployment"):
        assert page.count(f'id="{rule}"') == 1, rule


def test_lines_of_modules_that_are_not_rendered_are_marked():
    text = "modules:\n  macro:\n    - key: a\n      title: x\n\n    - key: b\n  one:\n    key: c\nremotes: []\n"
    places = [("/modules/macro/0", 3, 7), ("/modules/macro/1", 6, 7), ("/modules/one", 7, 3)]
    modules = [{"pointer": p, "line": line, "column": column} for p, line, column in places]
    shown = manifest_lines(text, modules)

    assert [line.number for line in shown.lines if line.unrendered] == [3, 4, 5, 6, 7, 8]


def test_the_chart_sums_versions_to_majors(now):
    points = [Point(now, {"1.1.0": 2, "1.2.0": 3, "2.0.0": 1, "?": 4})]

    assert majors_chart([], until=now) == ""
    assert majors_chart(points, until=now).count("label") == 3
    assert '"major 1", "values": [5]' in majors_chart(points, until=now)
