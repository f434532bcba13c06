"""What a descriptor must be so that it can be listed."""

import json

import pytest
from hypothesis import given
from tests.core.documents import documents, good, raw, without

from tradepost.core.addresses import is_public_host, origin_of
from tradepost.core.descriptor import ListingPolicy, facts_of, normalise, parse_descriptor, read_descriptor
from tradepost.core.errors import ProblemsError

DEVELOPMENT = ListingPolicy(development=True)


def problems_of(document, policy=ListingPolicy()):  # noqa: B008
    _, problems, _ = read_descriptor(document, policy=policy)
    return {(problem.pointer, problem.rule) for problem in problems}


def warnings_of(document, policy=ListingPolicy()):  # noqa: B008
    return {(warning.pointer, warning.rule) for warning in parse_descriptor(document, policy=policy).warnings}


def test_a_good_descriptor_says_what_the_shell_needs():
    vendor = {"name": "Example Ltd", "url": "https://example.com"}
    document = good(scopes=["write", "WRITE", "x"], enableLicensing=True, apiVersion=2, vendor=vendor, description="Hi")

    found = parse_descriptor(raw(document))

    assert (found.key, found.name, found.base_url) == ("com.example.app", "Example", "https://app.example.com")
    assert found.scopes == {"WRITE", "X"}
    assert found.rights == {"WRITE", "READ", "X"}
    assert (found.terms.rights, found.terms.paid, found.terms.api_version) == (found.rights, True, 2)
    assert (found.authentication, found.installed_path) == ("jwt", "/installed")
    assert (found.vendor_name, found.description) == ("Example Ltd", "Hi")
    assert found.document == document


def test_an_app_without_a_name_goes_by_its_key():
    assert parse_descriptor(without("name")).name == "com.example.app"


def test_every_problem_is_told_at_once():
    document = {
        "key": "no spaces please",
        "baseUrl": "http://user@10.0.0.1:99/?q#f",
        "authentication": {"type": "jwt"},
        "apiVersion": True,
        "scopes": ["READ", 1],
        "enableLicensing": "yes",
        "modules": [],
        "description": 3,
    }

    assert problems_of(document) == {
        ("/key", "key.form"),
        ("/baseUrl", "base_url.user"),
        ("/baseUrl", "base_url.query"),
        ("/baseUrl", "base_url.fragment"),
        ("/baseUrl", "base_url.https"),
        ("/baseUrl", "base_url.port"),
        ("/baseUrl", "base_url.private"),
        ("/lifecycle/installed", "lifecycle.installed_required"),
        ("/apiVersion", "api_version.type"),
        ("/scopes/1", "scopes.type"),
        ("/enableLicensing", "licensing.type"),
        ("/modules", "field.type"),
        ("/description", "field.type"),
    }


def test_problems_of_the_text_and_of_the_listing_come_together():
    assert {("/key", "document.repeated_key"), ("/baseUrl", "field.required")} <= problems_of(b'{"key":"a","key":"b"}')


@pytest.mark.parametrize("name", ["key", "baseUrl", "authentication"])
def test_three_fields_are_required(name):
    assert (f"/{name}", "field.required") in problems_of(without(name))


@pytest.mark.parametrize("key", ["a", "com.example-app_1", "A" * 64])
def test_keys_of_letters_digits_hyphens_dots_and_underscores_are_fine(key):
    assert problems_of(good(key=key)) == set()


@pytest.mark.parametrize("key", ["", "a b", "a/b", "a\n", "\u00e4", "a" * 65, None, 1, ["a"]])
def test_any_other_key_is_a_problem(key):
    assert {pointer for pointer, _ in problems_of(good(key=key))} == {"/key"}


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com",
        "https://app.example.com/",
        "https://APP.example.com:443/a/b",
        "https://app.example:8080",
    ],
)
def test_https_on_the_two_ports_is_fine(url):
    assert problems_of(good(baseUrl=url)) == set()


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        (None, "type"),
        (5, "type"),
        ("", "form"),
        (".", "form"),
        ("{{localBaseUrl}}", "form"),
        ("https://<placeholder.url>", "form"),
        ("ftp://app.example.com", "form"),
        ("//app.example.com", "form"),
        ("https:///path", "form"),
        ("https://app.example.com\\@evil.example", "form"),
        ("https://app.exa\tmple.com", "form"),
        (" https://app.example.com", "form"),
        ("https://\uff11\uff12\uff17.0.0.1", "form"),
        ("https://app.example.com:99999", "form"),
        ("https://app.example.com:0", "form"),
        ("https://[::1", "form"),
        ("https://-.example.com", "form"),
        ("https://app.example.com/" + "a" * 200, "form"),
        ("https://user:secret@app.example.com", "user"),
        ("https://app.example.com?", "query"),
        ("https://app.example.com/#", "fragment"),
        ("http://app.example.com:8080", "https"),
        ("https://app.example.com:80", "port"),
        ("https://app.example.com:3000", "port"),
        ("https://localhost", "private"),
        ("https://a.LOCALHOST.", "private"),
        ("https://127.0.0.1", "private"),
        ("https://10.1.2.3", "private"),
        ("https://192.168.0.1:8080", "private"),
        ("https://169.254.169.254", "private"),
        ("https://100.64.0.1", "private"),
        ("https://0.0.0.0", "private"),
        ("https://224.0.0.1", "private"),
        ("https://[::1]", "private"),
        ("https://[fd00::1]", "private"),
        ("https://[fe80::1]", "private"),
        ("https://[::ffff:127.0.0.1]", "private"),
        ("https://[64:ff9b::7f00:1]", "private"),
        ("https://[2002:7f00:1::]", "private"),
        ("https://127.1", "private"),
        ("https://2130706433", "private"),
        ("https://0x7f000001", "private"),
        ("https://0177.0.0.1", "private"),
        ("https://127.0.0.1.", "private"),
    ],
)
def test_a_base_url_in_any_other_form_or_place_is_a_problem(url, rule):
    assert problems_of(good(baseUrl=url)) == {("/baseUrl", f"base_url.{rule}")}


@pytest.mark.parametrize("host", ["app.example.com", "8.8.8.8", "[2606:4700::1111]".strip("[]"), "localhost.example"])
def test_names_and_addresses_of_the_open_internet_are_public(host):
    assert is_public_host(host)


def test_development_allows_places_that_drafts_are_warned_of():
    document = good(baseUrl="http://127.0.0.2:3000")

    assert problems_of(document, DEVELOPMENT) == set()
    assert warnings_of(document, DEVELOPMENT) == set()
    assert warnings_of(document, ListingPolicy(warn_about_places=True)) == {
        ("/baseUrl", "base_url.https"),
        ("/baseUrl", "base_url.port"),
        ("/baseUrl", "base_url.private"),
    }


@pytest.mark.parametrize("url", ["https://site.example", "https://SITE.example:443/app", "https://site.example./x"])
def test_an_app_on_the_host_services_own_origin_is_refused_in_development_too(url):
    policy = ListingPolicy(development=True, forbidden_origins=frozenset({"https://site.example/some/path"}))

    assert problems_of(good(baseUrl=url), policy) == {("/baseUrl", "base_url.own_origin")}
    assert problems_of(good(baseUrl="https://site.example:8080"), policy) == set()


def test_an_origin_has_one_form():
    assert origin_of("HTTP://Site.Example") == "http://site.example:80"
    assert origin_of("mailto:a@b") is None


@pytest.mark.parametrize("kind", ["jwt", "JWT", "none", "None"])
def test_the_authentication_type_may_be_in_any_case(kind):
    assert problems_of(good(authentication={"type": kind})) == set()


@pytest.mark.parametrize(
    "value", [{}, {"type": "oauth"}, {"type": None}, {"type": 1}, {"type": "\u212a"}, "jwt", None, []]
)
def test_any_other_authentication_is_a_problem(value):
    assert {pointer for pointer, _ in problems_of(good(authentication=value))} <= {
        "/authentication",
        "/authentication/type",
    }
    assert problems_of(good(authentication=value))


def test_jwt_needs_an_installed_path_and_none_does_not():
    assert problems_of(without("lifecycle")) == {("/lifecycle/installed", "lifecycle.installed_required")}
    assert problems_of(without("lifecycle") | {"authentication": {"type": "none"}}) == set()


@pytest.mark.parametrize(
    "path",
    [
        "installed", "", "https://other.example/installed", "//other.example/installed", "/a/../b", "/%2e%2E/b",
        "/a\\b",
        "/a#b", "/a b", "/a\nb", "/" + "a" * 600, None, 1, {},
    ],
)  # fmt: skip
def test_a_lifecycle_entry_is_a_path_under_the_base_url(path):
    assert problems_of(good(lifecycle={"installed": path})) == {("/lifecycle/installed", "lifecycle.path")}


def test_unknown_fields_scopes_and_events_are_warnings_only():
    document = good(scopes=["READ", "read_mail"], contexts=[], lifecycle={"installed": "/i", "paused": 7})

    assert warnings_of(document) == {
        ("/scopes/1", "scope.unknown"),
        ("/contexts", "field.unknown"),
        ("/lifecycle/paused", "lifecycle.unknown"),
    }


@pytest.mark.parametrize("field", ["apiVersion", "scopes", "enableLicensing"])
def test_null_is_missing_for_the_three_fields_the_rules_read(field):
    assert problems_of(good(**{field: None})) == set()


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("apiVersion", 1.0, "/apiVersion"),
        ("apiVersion", "2", "/apiVersion"),
        ("apiVersion", False, "/apiVersion"),
        ("apiVersion", 10_000, "/apiVersion"),
        ("scopes", "READ", "/scopes"),
        ("scopes", {"READ": True}, "/scopes"),
        ("scopes", [None], "/scopes/0"),
        ("scopes", [""], "/scopes/0"),
        ("scopes", ["A" * 101], "/scopes/0"),
        ("scopes", ["A"] * 101, "/scopes"),
        ("enableLicensing", 0, "/enableLicensing"),
        ("enableLicensing", "false", "/enableLicensing"),
        ("modules", None, "/modules"),
        ("modules", {"webPanels": True}, "/modules/webPanels"),
        ("modules", {"webPanels": [{}, 1]}, "/modules/webPanels/1"),
        ("modules", {"webPanels": [{}] * 1_001}, "/modules"),
        ("modules", {f"kind{n}": [] for n in range(1_001)}, "/modules"),
        ("lifecycle", {f"event{n}": "/x" for n in range(201)}, "/lifecycle"),
        ("apiMigrations", {f"m{n}": True for n in range(201)}, "/apiMigrations"),
        ("lifecycle", [], "/lifecycle"),
        ("vendor", "me", "/vendor"),
        ("vendor", {"name": 1}, "/vendor/name"),
        ("links", [], "/links"),
        ("apiMigrations", True, "/apiMigrations"),
        ("name", None, "/name"),
        ("name", "n" * 201, "/name"),
        ("description", [], "/description"),
    ],
)
def test_wrong_types_and_too_many_are_problems_with_their_place(field, value, pointer):
    assert pointer in {place for place, _ in problems_of(good(**{field: value}))}


@given(documents)
def test_no_document_crashes_the_reading_and_its_messages_can_be_stored(document):
    _, problems, warnings = read_descriptor(json.dumps(document).encode(), policy=ListingPolicy())

    for found in (*problems, *warnings):
        assert "\x00" not in found.text + found.pointer
        assert found.text.encode()
        assert found.rule


def test_a_hostile_document_does_not_get_a_message_for_each_of_its_fields():
    document = good(**{f"field{n}": n for n in range(5_000)}, scopes=[f"S{n}" for n in range(5_000)])

    _, problems, warnings = read_descriptor(document)

    assert {("", "field.limit"), ("/scopes", "scopes.limit")} == {(found.pointer, found.rule) for found in problems}
    assert len(warnings) <= 300


def test_problems_are_raised_together_with_a_readable_text():
    with pytest.raises(ProblemsError, match=r"/key: .*; /baseUrl: ") as caught:
        parse_descriptor(b"{}")

    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(("given_", "read"), [(None, 1), (0, 1), (-5, 1), (1, 1), (7, 7)])
def test_a_missing_or_not_positive_api_version_is_one(given_, read):
    assert facts_of({"apiVersion": given_}).api_version == read
    assert facts_of({}).api_version == 1


def test_documents_that_compare_as_the_same_normalise_to_the_same():
    one = good(version="1", scopes=["write", "READ", "READ"], apiVersion=0, enableLicensing=None)
    other = good(version="2", scopes=["READ", "WRITE"], enableLicensing=False)

    assert normalise(one) == normalise(other)
