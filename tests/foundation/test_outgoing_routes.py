"""Where the guarded client goes: redirects, names, addresses and certificates."""

import asyncio
from contextlib import ExitStack

import pytest
from tests.foundation.outgoing_stranger import Names, Stranger, answer, problem_of, tls_of

from tradepost.foundation.outgoing import (
    AddressRules,
    GuardedClient,
    OutgoingProblem,
    OutgoingRequest,
    Timeout,
)


@pytest.fixture
def client():
    client = GuardedClient(AddressRules(development=True))
    yield client
    client.close()


@pytest.fixture
def stranger():
    with ExitStack() as stack:
        yield lambda behave, **options: stack.enter_context(Stranger(behave, **options))


def test_a_redirect_is_an_answer_unless_it_may_be_followed(client, stranger):
    server = stranger(answer(status="302 Found", headers=["Location: /there"]))

    assert client.send(OutgoingRequest("POST", server.url("/installed"), follow_redirects=3)).status == 302
    assert client.send(OutgoingRequest("GET", server.url("/installed"))).status == 302
    assert len(server.requests) == 2


def test_a_redirect_on_the_same_server_is_followed(client, stranger):
    def behave(connection, request, stop):
        if request.startswith(b"GET /old "):
            answer(status="301 Moved Permanently", headers=["Location: /new?x=1"])(connection, request, stop)
        else:
            answer(b"new")(connection, request, stop)

    server = stranger(behave)

    response = client.send(OutgoingRequest("GET", server.url("/old"), follow_redirects=3))

    assert (response.body, response.final_url) == (b"new", server.url("/new?x=1"))


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("http://127.0.0.2:80/", OutgoingProblem.REDIRECTED_ELSEWHERE),
        ("//elsewhere.example/", OutgoingProblem.REDIRECTED_ELSEWHERE),
        ("http://127.0.0.1:1/", OutgoingProblem.REDIRECTED_ELSEWHERE),
        ("http://2130706433/", OutgoingProblem.REFUSED_ADDRESS),
        ("file:///etc/passwd", OutgoingProblem.FORBIDDEN_SCHEME),
        ("http://[/", OutgoingProblem.MALFORMED_ADDRESS),
    ],
)
def test_a_redirect_to_anywhere_else_is_an_error(client, stranger, location, kind):
    server = stranger(answer(status="302 Found", headers=[f"Location: {location}"]))

    assert problem_of(client, server.url(), follow_redirects=3).kind is kind


def test_redirects_in_a_circle_end_after_three(client, stranger):
    server = stranger(answer(status="307 Temporary Redirect", headers=["Location: /again"]))

    problem = problem_of(client, server.url(), follow_redirects=3, timeout=Timeout(total=5))

    assert problem.kind is OutgoingProblem.TOO_MANY_REDIRECTS
    assert len(server.requests) == 4


def test_one_bad_address_among_good_ones_refuses_the_name():
    client = GuardedClient(AddressRules(), resolver=Names(["1.1.1.1", "10.0.0.1"]))

    problem = problem_of(client, "https://app.example.com/secret")

    assert problem.kind is OutgoingProblem.REFUSED_ADDRESS
    assert problem.text == ("app.example.com leads to 10.0.0.1, a private address; such addresses are not called.")
    client.close()


def test_a_name_is_resolved_once_so_that_it_cannot_change_its_mind(stranger):
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    client = GuardedClient(AddressRules(development=True), resolver=names)
    redirecting = stranger(answer(status="302 Found", headers=["Location: /again"]))

    url = redirecting.url(host="app.example.com")
    problem = problem_of(client, url, follow_redirects=2, timeout=Timeout(total=5))

    assert problem.kind is OutgoingProblem.TOO_MANY_REDIRECTS
    assert names.asked == ["app.example.com"]
    assert b"Host: app.example.com:" in redirecting.requests[0]
    assert problem_of(client, url).kind is OutgoingProblem.REFUSED_ADDRESS
    client.close()


def test_a_name_server_that_hangs_costs_the_connect_limit_only():
    class Hanging:
        async def addresses(self, _host):
            await asyncio.Event().wait()

    client = GuardedClient(AddressRules(), resolver=Hanging())

    problem = problem_of(client, "https://app.example.com/", timeout=Timeout(connect=0.1, total=5))

    assert problem.kind is OutgoingProblem.NAME_NOT_FOUND
    client.close()


def test_a_certificate_nobody_vouches_for_is_bad(client, stranger, tmp_path):
    server = stranger(answer(), tls=tls_of(tmp_path, "localhost")[0])

    problem = problem_of(client, server.url("/secret", scheme="https", host="localhost"), timeout=Timeout())

    assert problem.kind is OutgoingProblem.BAD_CERTIFICATE
    assert "self-signed" in problem.text


def test_a_certificate_is_checked_for_the_name_that_was_asked_for(stranger, tmp_path):
    server_side, trusting = tls_of(tmp_path, "app.example.com")
    server = stranger(answer(), tls=server_side)
    client = GuardedClient(AddressRules(development=True), resolver=Names(["127.0.0.1"]), tls=trusting)

    right = client.send(OutgoingRequest("GET", server.url(scheme="https", host="app.example.com")))
    wrong = problem_of(client, server.url(scheme="https", host="other.example.com"), timeout=Timeout())

    assert right.status == 200
    assert wrong.kind is OutgoingProblem.BAD_CERTIFICATE
    client.close()


def test_https_to_a_server_that_speaks_http_is_no_lost_request(client, stranger):
    server = stranger(answer())

    problem = problem_of(client, server.url(scheme="https"))

    assert not problem.kind.may_have_acted
