"""Listing an app by its descriptor, and who may see it."""

import pytest
from tests.marketplace.conftest import HOUR, START, poll
from tests.marketplace.vendors import descriptor

from tradepost.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, ProblemsError
from tradepost.foundation.models import AuditEntry, OutgoingMail, User
from tradepost.marketplace.catalog import commands, queries
from tradepost.marketplace.catalog.models import Listing, Membership, Vendor
from tradepost.marketplace.notices.models import Notice
from tradepost.marketplace.watching.models import Document

pytestmark = pytest.mark.django_db


def test_an_app_is_listed_privately_with_a_first_version_that_is_offered(listing):
    version = listing.versions.get()

    assert (listing.app_key, listing.name, listing.state) == ("com.example.app", "Example", "private")
    assert (version.number, version.build, version.change, version.state) == ("1.0.0", 1_000_000, "first", "offered")
    assert (version.made_by, version.made_at) == ("owner@acme.test", START)
    assert listing.offered == version
    assert listing.next_poll_at <= START + 5 * HOUR


def test_the_first_number_begins_with_the_api_version(server, vendor, owner):
    listing = commands.list_app(vendor.pk, server.serve(descriptor(apiVersion=3)), by=owner, now=START)

    assert listing.offered.number == "3.0.0"


def test_the_fetched_bytes_are_kept_under_their_hash(listing):
    document = Document.objects.get()

    assert document.sha256 == listing.fetched_sha256 == listing.offered.document_id
    assert b"com.example.app" in bytes(document.content)


def test_listing_is_told_to_the_vendor_by_mail_and_written_into_the_audit_log(listing, vendor):
    assert Notice.objects.get(listing=listing).kind == "listed"
    assert OutgoingMail.objects.get(to="owner@acme.test", subject="Example is listed").service == "marketplace"
    actions = AuditEntry.objects.filter(scope_id=vendor.pk).values_list("action", flat=True)
    assert {"listing.made", "version.made", "version.offered"} <= set(actions)


def test_an_unknown_scope_is_a_warning(server, vendor, owner):
    url = server.serve(descriptor(scopes=["READ", "FLY"], modules={}))
    listing = commands.list_app(vendor.pk, url, by=owner, now=START)

    (warning,) = listing.offered.warnings
    assert (warning["pointer"], warning["rule"]) == ("/scopes/1", "scope.unknown")
    assert "FLY" in Notice.objects.get(listing=listing).text


def test_every_problem_of_a_descriptor_is_said_at_once_and_nothing_is_made(server, vendor, owner):
    url = server.serve(descriptor(key="a key", lifecycle=None, scopes="READ", baseUrl=None))

    with pytest.raises(ProblemsError) as found:
        commands.list_app(vendor.pk, url, by=owner, now=START)

    pointers = {problem.pointer for problem in found.value.problems}
    assert pointers == {"/key", "/baseUrl", "/lifecycle/installed", "/scopes"}
    assert not Listing.objects.exists()
    assert not Document.objects.exists()


def test_a_key_that_is_taken_is_a_conflict_that_does_not_say_whose_it_is(server, listing, stranger):
    other = Vendor.objects.get(name="Other")

    with pytest.raises(ConflictError) as error:
        commands.list_app(other.pk, server.url(), by=stranger, now=START)

    assert "Acme" not in str(error.value)
    assert Listing.objects.count() == 1


def test_nobody_lists_apps_for_another_vendor(server, vendor, stranger):
    server.serve(descriptor())

    with pytest.raises(NotFoundError):
        commands.list_app(vendor.pk, server.url(), by=stranger, now=START)

    assert server.asked == []


def test_another_vendors_app_does_not_exist(listing, stranger, operator, owner):
    assert queries.get_listing(operator, listing.app_key) == queries.get_listing(owner, listing.app_key) == listing
    for command in (commands.poll_now, commands.submit_listing, commands.make_private, commands.resume):
        with pytest.raises(NotFoundError):
            command(listing.app_key, by=stranger, now=START)
    assert list(queries.listings(stranger)) == []


def test_the_descriptor_address_changes_to_one_that_serves_the_same_app(server, listing, owner):
    url = server.serve(descriptor(name="Moved"), "/elsewhere.json")
    listing = commands.change_descriptor_url(listing.app_key, url, by=owner, now=START + HOUR)

    assert (listing.descriptor_url, listing.next_poll_at, listing.etag) == (url, START + HOUR, "")
    assert poll(listing, START + HOUR).offered.number == "1.0.1"


@pytest.mark.parametrize("what", [descriptor(key="com.example.other"), descriptor(baseUrl=None), b"{", 404])
def test_an_address_that_does_not_serve_the_app_changes_nothing(server, listing, owner, what):
    before = listing.descriptor_url
    with pytest.raises((ProblemsError, InvalidInputError)):
        commands.change_descriptor_url(listing.app_key, server.serve(what, "/new"), by=owner, now=START)

    listing.refresh_from_db()
    assert listing.descriptor_url == before


def test_poll_now_makes_a_listing_due(listing, owner):
    listing = commands.poll_now(listing.app_key, by=owner, now=START + HOUR)

    assert listing.next_poll_at == START + HOUR
    assert AuditEntry.objects.filter(action="listing.poll_requested").count() == 1


def test_only_operators_make_vendors(owner):
    with pytest.raises(ForbiddenError):
        commands.create_vendor("New", "new@example.test", by=owner, now=START)


def test_an_owner_invites_people_and_a_developer_does_not(vendor, owner, operator):
    commands.set_member(vendor.pk, "dev@acme.test", "developer", by=owner, now=START)
    developer = queries.Caller(User.objects.get(email="dev@acme.test"))

    assert OutgoingMail.objects.filter(to="dev@acme.test").count() == 1
    with pytest.raises(ForbiddenError):
        commands.set_member(vendor.pk, "friend@acme.test", "developer", by=developer, now=START)


def test_a_vendor_keeps_an_owner(vendor, owner):
    with pytest.raises(ConflictError):
        commands.set_member(vendor.pk, "owner@acme.test", None, by=owner, now=START)

    assert Membership.objects.filter(vendor=vendor, role="owner").count() == 1


def test_a_preview_says_what_a_document_would_do_and_makes_nothing(server, listing, owner):
    changed = descriptor(
        scopes=["READ", "WRITE"],
        modules={"webPanels": [{"key": "panel", "url": "/other"}]},
        baseUrl="http://127.0.0.2:1",
    )
    server.serve(changed)
    preview = commands.preview(listing.app_key, by=owner)

    assert (preview.live, preview.next, preview.consent) == ("1.0.0", "1.1.0", True)
    assert preview.separable == ("/baseUrl", "/modules/webPanels/0")
    assert listing.versions.count() == 1


def test_a_vendor_without_people_is_told_at_its_contact_address(server, vendor, operator):
    commands.list_app(vendor.pk, server.serve(descriptor()), by=operator, now=START)

    assert OutgoingMail.objects.get(subject="Example is listed").to == "apps@acme.test"


def test_every_person_of_a_vendor_is_told_once(server, vendor, owner):
    commands.set_member(vendor.pk, "dev@acme.test", "developer", by=owner, now=START)
    commands.list_app(vendor.pk, server.serve(descriptor()), by=owner, now=START)

    told = OutgoingMail.objects.filter(subject="Example is listed").values_list("to", flat=True)
    assert sorted(told) == ["dev@acme.test", "owner@acme.test"]
