"""Descriptor hosts that misbehave: each brings a clear error to the person, and nothing is lost."""

from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import pytest
from tests.foundation.outgoing_stranger import Names, Stranger, answer, raw, tls_of
from tests.marketplace.conftest import HOUR, START, poll
from tests.marketplace.vendors import descriptor, send

from tradepost.core.errors import InvalidInputError, ProblemsError
from tradepost.foundation import fetching, outgoing
from tradepost.foundation.configuration import Limits, configuration
from tradepost.foundation.outgoing import AddressRules, GuardedClient
from tradepost.marketplace.catalog import commands, queries
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.hosts.models import HostService
from tradepost.marketplace.watching.models import Document

pytestmark = pytest.mark.django_db

LATER = START + 5 * HOUR


@pytest.fixture
def short_patience(monkeypatch):
    limits = Limits(connect_seconds=0.3, total_seconds=0.4, document_bytes=20_000)
    monkeypatch.setattr(fetching, "configuration", replace(configuration, limits=limits))


@pytest.fixture
def stranger_server():
    with ExitStack() as stack:
        yield lambda behave, **options: stack.enter_context(Stranger(behave, **options))


def endless(connection, _request, stop):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not stop.is_set():
        connection.sendall(b" " * 10_000)


BEHAVIOURS = {
    "slow": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", then_wait=True), "did not finish its answer"),
    "endless": (endless, "more than 20,000 bytes"),
    "redirects elsewhere": (
        answer(b"", status="302 Found", headers=["Location: http://127.0.0.9/descriptor.json"]),
        "which is another server",
    ),
    "no http": (raw(b"220 mail.example.test ESMTP\r\n"), "not HTTP"),
    "dies": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"), "before its answer was complete"),
    "too large": (answer(b'{"a": "' + b"x" * 20_000 + b'"}'), "more than 20,000 bytes"),
}


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_host_that_misbehaves_is_told_to_the_vendor_and_keeps_its_versions(
    name, listing, stranger_server, short_patience
):
    behave, text = BEHAVIOURS[name]
    Listing.objects.filter(pk=listing.pk).update(descriptor_url=stranger_server(behave).url("/d.json"))

    poll(listing, LATER)

    assert text in listing.problem["text"]
    assert (listing.poll_failures, listing.offered.number) == (1, "1.0.0")
    assert listing.notices.get(kind="problem").text.count(text) == 1


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_host_that_misbehaves_lists_nothing(name, vendor, owner, stranger_server, short_patience):
    behave, text = BEHAVIOURS[name]

    with pytest.raises(InvalidInputError, match=text) as error:
        commands.list_app(vendor.pk, stranger_server(behave).url("/d.json"), by=owner, now=START)

    assert error.value.pointer == "/descriptor_url"
    assert not Listing.objects.exists()


def test_a_host_that_cannot_be_reached_is_told_to_the_vendor(listing):
    Listing.objects.filter(pk=listing.pk).update(descriptor_url="http://127.0.0.1:1/d.json")
    poll(listing, LATER)

    assert listing.problem["kind"] == "unreachable"
    assert listing.problem["text"] == "127.0.0.1:1 does not accept connections."


def test_a_bad_certificate_is_told_to_the_vendor(listing, stranger_server, tmp_path):
    server, _ = tls_of(tmp_path, "app.example.test")
    url = stranger_server(answer(b"{}"), tls=server).url(scheme="https")
    Listing.objects.filter(pk=listing.pk).update(descriptor_url=url)
    poll(listing, LATER)

    assert listing.problem["kind"] == "bad_certificate"


DOCUMENTS = {
    "not JSON": (b"<html>", "not JSON"),
    "empty": (b"", "empty"),
    "an array": (b"[]", "must be a JSON object"),
    "repeated keys": (b'{"key": "a", "key": "b"}', "stands twice"),
    "deep nesting": (b'{"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", "nested"),
    "not UTF-8": (b'{"a": "\xff"}', "UTF-8"),
    "a NUL": (b'{"a": "\\u0000"}', "NUL"),
    "wrong types": (descriptor(apiVersion="2", enableLicensing=1), "apiVersion must be an integer"),
    "missing fields": (descriptor(authentication=None), "authentication is missing"),
    "jwt without installed": (descriptor(lifecycle={}), "lifecycle.installed"),
    "the host's own origin": (descriptor(baseUrl="http://127.0.0.1:8001/app"), "own origin"),
    "a NaN": (b'{"a": NaN}', "not JSON"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_bad_document_is_told_to_the_vendor_and_makes_no_version(name, server, listing):
    document, text = DOCUMENTS[name]
    server.serve(document)
    poll(listing, LATER)

    assert listing.problem["kind"] == "invalid"
    assert text in " ".join(problem["text"] for problem in listing.problem["problems"])
    assert (listing.versions.count(), Document.objects.count()) == (1, 1)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_bad_document_is_not_listed(name, server, vendor, owner):
    document, text = DOCUMENTS[name]

    with pytest.raises(ProblemsError, match=text):
        commands.list_app(vendor.pk, server.serve(document), by=owner, now=START)


def test_an_app_on_the_origin_of_an_enrolled_host_service_is_not_listed(server, vendor, owner, operator):
    HostService.objects.create(name="Far", base_url="http://product.example.test:7000")

    url = server.serve(descriptor(baseUrl="http://product.example.test:7000/plugin"))
    with pytest.raises(ProblemsError, match="own origin"):
        commands.list_app(vendor.pk, url, by=owner, now=START)


ADDRESSES = {
    "http://app.example.test/d.json": "must begin with https",
    "https://app.example.test:8443/d.json": "port 8443 is not allowed",
    "https://localhost/d.json": "the machine itself",
    "https://127.0.0.1/d.json": "a loopback address",
    "https://10.0.0.1/d.json": "a private address",
    "https://[::1]/d.json": "a loopback address",
    "https://[fe80::1]/d.json": "a link-local address",
    "https://169.254.169.254/d.json": "a metadata address",
    "https://2130706433/d.json": "unusual way",
    "https://private.example.test/d.json": "a private address",
    "ftp://app.example.test/d.json": "must begin with https",
    "not an address": "a space",
}


@pytest.mark.parametrize("url", ADDRESSES)
def test_outside_development_only_public_https_addresses_are_asked(url, vendor, owner):
    with outgoing.replace(GuardedClient(AddressRules(), resolver=Names(["192.168.7.1"]))) as client:
        with pytest.raises(InvalidInputError, match=ADDRESSES[url]):
            commands.list_app(vendor.pk, url, by=owner, now=START)
        client.close()


@pytest.mark.parametrize(
    ("base_url", "text"),
    [
        ("http://app.example.test", "must use https"),
        ("https://app.example.test:8443", "must use port"),
        ("https://192.168.1.1", "public host"),
        ("https://localhost", "public host"),
    ],
)
def test_outside_development_apps_lie_on_public_https_hosts(monkeypatch, server, vendor, owner, base_url, text):
    monkeypatch.setattr(queries, "listing_policy", partial(queries.listing_policy, development=False))

    with pytest.raises(ProblemsError, match=text):
        commands.list_app(vendor.pk, server.serve(descriptor(baseUrl=base_url)), by=owner, now=START)


def test_a_redirect_on_the_same_server_is_followed(server, listing):
    server.serve(descriptor(name="Moved"), "/new.json")
    server.serve(lambda handler: send(handler, b"", status=302, Location="/new.json"))
    poll(listing, LATER)

    assert listing.offered.number == "1.0.1"
