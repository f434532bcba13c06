"""Which site has which license of a vendor's apps: pages, REST and files."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.marketplace.browsing import sign_in, text_of
from tests.marketplace.editions.offering import AT, grant, make_site, own
from tests.marketplace.editions.test_rest import Program
from tests.marketplace.vendors import descriptor

from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.licensing.vendor_queries import Filter, licenses_of, read_on
from tradepost.marketplace.licensing.vendor_report import COLUMNS, csv_lines, json_parts
from tradepost.marketplace.tokens.models import AccessToken

pytestmark = pytest.mark.django_db
NAMES = {
    "addonLicenseId", "licenseId", "addonKey", "addonName", "appEntitlementId", "appEntitlementNumber", "cloudId",
    "cloudSiteHostname", "hosting", "licenseType", "status", "tier", "lastUpdated", "maintenanceStartDate",
    "maintenanceEndDate", "contactDetails", "partnerDetails", "evaluationLicense", "evaluationStartDate",
    "evaluationEndDate", "evaluationSaleDate", "daysToConvertEval", "evaluationOpportunitySize", "parentProductName",
    "parentProductEdition", "parentProductBillingCycle", "installedOnSandbox",
}  # fmt: skip
"""The fields of domain.md 9.3."""


@pytest.fixture
def sites(host):
    return [make_site(host[0], number) for number in range(1, 7)]


@pytest.fixture
def licenses(opened, sites):
    """One of each kind; the last site only tries the app with an access token."""
    own(sites[0], "Initech", contact_email="bill@initech.test")
    terms = [
        {"state": "active", "edition": "advanced", "user_tier": 25},
        {"state": "trial", "edition": "standard", "trial_used": True, "trial_ends_at": AT + timedelta(days=30)},
        {"state": "trial_expired", "trial_used": True, "trial_ends_at": AT, "period": "none"},
        {"state": "cancelled", "kind": "academic"},
        {"state": "expired", "kind": "developer"},
        {"state": "none", "period": "none", "anchor": None, "began_at": None},
    ]
    rows = [grant(site, opened, **each) for site, each in zip(sites, terms, strict=True)]
    tokened(opened, sites[5])
    return rows


def tokened(listing, site):
    AccessToken.objects.create(
        listing=listing,
        digest=str(site.pk),
        prefix="tpa_abcd",
        state="bound",
        site=site,
        applied=True,
        created_at=AT,
        simulated="ACTIVE_SUBSCRIPTION_CANCELLED",
        edition="advanced",
    )


@pytest.fixture
def address(opened):
    return f"/vendors/{opened.vendor_id}/licenses"


@pytest.fixture
def page_address(opened):
    return f"/license-report/{opened.vendor_id}/"


@pytest.fixture
def program(owner):
    return Program(owner, "apps:read")


def items(program, address, query=""):
    answer = program.get(f"{address}{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()["items"]


def content_of(answer):
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def test_a_record_has_the_fields_of_the_report_and_two_of_ours(licenses, program, address):
    (found,) = items(program, address, "?state=active")

    assert {*found} == {*NAMES, "appEdition", "testLicense"}
    row = licenses[0]
    assert found["appEntitlementNumber"] == row.entitlement_number
    assert (found["licenseId"], found["cloudSiteHostname"], found["hosting"]) == (
        row.support_number,
        "site1.test",
        "Cloud",
    )
    assert (found["licenseType"], found["status"], found["tier"]) == ("COMMERCIAL", "active", "25 Users")
    assert (found["maintenanceStartDate"], found["maintenanceEndDate"]) == ("2026-03-05", "2026-04-05")
    assert found["contactDetails"]["company"] == "Initech"
    assert found["contactDetails"]["billingContact"] == {"email": "bill@initech.test", "name": "Initech"}
    assert (found["appEdition"], found["testLicense"], found["parentProductEdition"]) == ("advanced", False, "standard")


def test_states_and_types_are_said_in_the_words_of_the_report(licenses, program, address):
    found = {each["addonLicenseId"]: each for each in items(program, address)}

    said = [
        (each["licenseType"], each["status"], each["testLicense"]) for each in (found[str(row.pk)] for row in licenses)
    ]
    assert said == [
        ("COMMERCIAL", "active", False),
        ("EVALUATION", "active", False),
        ("EVALUATION", "inactive", False),
        ("ACADEMIC", "cancelled", False),
        ("INTERNAL USE", "inactive", False),
        ("INTERNAL USE", "cancelled", True),
    ]
    assert found[str(licenses[5].pk)]["appEdition"] == "advanced"


def test_a_trial_that_was_bought_says_after_how_many_days(opened, sites, program, address):
    grant(sites[0], opened, trial_used=True, trial_ends_at=None, began_at=AT - timedelta(days=12))

    (found,) = items(program, address)
    assert (found["evaluationStartDate"], found["evaluationSaleDate"], found["daysToConvertEval"]) == (
        "2026-02-21",
        "2026-03-05",
        12,
    )


def test_a_subscription_that_a_token_hides_is_reported_as_what_it_is_and_marked(opened, sites, program, address):
    grant(sites[0], opened, edition="standard")
    tokened(opened, sites[0])

    (found,) = items(program, address)
    assert (found["licenseType"], found["status"], found["appEdition"]) == ("COMMERCIAL", "active", "standard")
    assert found["testLicense"] is True


def test_a_row_to_which_nothing_happened_is_no_license(opened, sites, program, address):
    grant(sites[0], opened, state="none", period="none", anchor=None, began_at=None)

    assert items(program, address) == []


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("app=com.example.app", {0, 1, 2, 3, 4, 5}),
        ("app=com.example.none", set()),
        ("state=trial", {1}),
        ("kind=academic", {3}),
        ("edition=advanced", {0, 5}),
        ("edition=none", {2, 3, 4}),
        ("test=only", {5}),
        ("test=without", {0, 1, 2, 3, 4}),
        ("q=INITECH", {0}),
        ("q=site3.test", {2}),
        ("q=bill@initech", {0}),
        ("q=%25", set()),
        ("q=00000000-0000-0000-0000-000000000002", {1}),
        ("state=active&edition=standard", set()),
    ],
)
def test_what_is_asked_for_is_found(licenses, program, address, query, places):
    found = {each["addonLicenseId"] for each in items(program, address, f"?{query}")}

    assert found == {str(licenses[place].pk) for place in places}


def test_a_license_is_found_by_its_numbers(licenses, program, address):
    row = licenses[3]
    for number in (row.support_number, row.entitlement_number.lower(), row.entitlement_id):
        (found,) = items(program, address, f"?q={number}")
        assert found["addonLicenseId"] == str(row.pk)


def test_words_that_mean_nothing_are_refused_by_rest_and_find_nothing_on_the_page(
    licenses, owner, program, address, page_address
):
    assert program.get(f"{address}?state=gold").status_code == 422
    assert program.get(f"{address}?test=maybe").status_code == 422
    assert program.get(f"{address}.xml").status_code == 422
    assert "No license fits." in text_of(sign_in(owner).get(f"{page_address}?state=gold"))


def test_pages_follow_each_other_with_one_question_each(opened, host, program, owner, address):
    for number in range(20, 27):
        grant(make_site(host[0], number), opened, now=AT + timedelta(minutes=number % 3))
    seen, after = [], ""
    while after is not None:
        page = program.get(f"{address}?limit=3&after={after}").json()
        seen += [each["addonLicenseId"] for each in page["items"]]
        after = page["next"]
    assert (len(seen), len(set(seen))) == (7, 7)

    with CaptureQueriesContext(connection) as asked:
        program.get(f"{address}?limit=7")
    assert sum("licensing_sitelicense" in each["sql"] for each in asked) == 1


def test_other_vendors_and_people_without_the_scope_see_nothing(licenses, stranger, owner, address, page_address):
    assert Program(stranger, "apps:read").get(address).status_code == 404
    assert sign_in(stranger).get(page_address).status_code == 404
    assert sign_in(stranger).get(f"{page_address}licenses.csv").status_code == 404
    assert Program(owner, "sites:read").get(address).status_code == 403
    assert sign_in().get(f"{page_address}licenses.csv").status_code == 302


def test_the_licenses_of_another_vendors_apps_are_not_among_ones_own(
    server, licenses, sites, stranger, program, address
):
    other = catalog.queries.vendors(stranger).get()
    url = server.serve(descriptor(key="com.other.app", enableLicensing=True), "/other.json")
    theirs = grant(sites[0], catalog.list_app(other.pk, url, by=stranger, now=AT))

    assert str(theirs.pk) not in {each["addonLicenseId"] for each in items(program, address)}
    (found,) = items(Program(stranger, "apps:read"), f"/vendors/{other.pk}/licenses")
    assert found["addonLicenseId"] == str(theirs.pk)


def test_the_files_hold_what_the_list_holds(licenses, program, owner, address, page_address):
    listed = {each["addonLicenseId"]: each for each in items(program, address)}
    as_json = json.loads(content_of(program.get(f"{address}.json")))
    as_csv = list(csv.DictReader(io.StringIO(content_of(sign_in(owner).get(f"{page_address}licenses.csv")))))

    assert {each["addonLicenseId"]: each for each in as_json} == listed
    assert list(as_csv[0]) == list(COLUMNS)
    assert {each["addonLicenseId"] for each in as_csv} == {*listed}
    (first,) = (each for each in as_csv if each["addonLicenseId"] == str(licenses[0].pk))
    assert (first["contactDetails.technicalContact.email"], first["partnerDetails"], first["testLicense"]) == (
        "bill@initech.test",
        "",
        "false",
    )


def test_a_file_holds_only_what_was_asked_for(licenses, program, address):
    (found,) = json.loads(content_of(program.get(f"{address}.json?state=trial")))
    assert found["addonLicenseId"] == str(licenses[1].pk)
    assert json.loads(content_of(program.get(f"{address}.json?q=nobody"))) == []
    assert content_of(program.get(f"{address}.csv?q=nobody")).count("\n") == 1


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", '=HYPERLINK("http://x","y")', "\uff1d1"]
)
def test_nobodys_name_is_taken_for_a_formula(opened, sites, program, address, name):
    own(sites[0], name, contact_email="=cmd@x.test")
    grant(sites[0], opened)

    (row,) = csv.DictReader(io.StringIO(content_of(program.get(f"{address}.csv"))))
    assert row["contactDetails.company"] == f"'{name}"
    assert row["contactDetails.billingContact.email"] == "'=cmd@x.test"


def test_line_ends_and_quotes_of_a_name_stay_in_their_cell(opened, sites, program, address):
    own(sites[0], 'Line one\nLine "two", three')
    grant(sites[0], opened)

    (row,) = csv.DictReader(io.StringIO(content_of(program.get(f"{address}.csv"))))
    assert row["contactDetails.company"] == 'Line one\nLine "two", three'


@pytest.mark.parametrize("write", [csv_lines, json_parts])
def test_a_file_is_written_while_it_is_read(opened, host, program, address, write):
    for number in range(30, 35):
        grant(make_site(host[0], number), opened)
    read = []

    def rows():
        for row in read_on(licenses_of(opened.vendor, Filter())):
            read.append(row)
            yield row

    parts = write(rows())
    next(parts)
    assert len(read) <= 1
    assert len(list(parts)) == 5
    assert program.get(f"{address}.json").streaming


def test_the_page_shows_each_site_with_its_edition_a_picture_and_a_table(licenses, owner, page_address):
    page = text_of(sign_in(owner).get(page_address))

    for text in ("Site 1", "Initech", "cancelled, runs on", "trial expired", "no edition yet", "Advanced", "<svg"):
        assert text in page
    assert "simulates active subscription cancelled, Advanced" in page
    assert f"{page_address}licenses.csv" in page


def test_the_page_says_what_is_coming(opened, sites, owner, page_address):
    soon = datetime(2026, 3, 20, tzinfo=UTC)
    grant(sites[0], opened, edition="advanced", next_edition="standard", period_ends_at=soon)
    grant(sites[1], opened, edition="advanced", edition_trial_ends_at=soon)
    page = text_of(sign_in(owner).get(page_address))

    assert "Standard from" in page
    assert "on trial until" in page


def test_hostile_names_are_shown_and_not_run(opened, sites, owner, page_address):
    own(sites[0], "<script>alert(1)</script>")
    grant(sites[0], opened)
    page = text_of(sign_in(owner).get(page_address))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_licenses_leads_to_ones_only_vendor(licenses, owner, operator, page_address):
    assert sign_in(owner).get("/license-report/").url == page_address
    catalog.create_vendor("Second", "apps@second.test", by=operator, now=AT)
    assert "Second" in text_of(sign_in(operator).get("/license-report/"))
