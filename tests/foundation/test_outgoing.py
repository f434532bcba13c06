"""The guarded client against strangers that misbehave, over real sockets."""

import gzip
import threading
import time
from contextlib import ExitStack

import pytest
from tests.foundation.outgoing_stranger import Names, Stranger, answer, problem_of, raw

from tradepost.foundation import outgoing
from tradepost.foundation.outgoing import (
    AddressRules,
    GuardedClient,
    OutgoingError,
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


def test_an_answer_comes_back_whole(client, stranger):
    server = stranger(answer(b'{"a": 1}', headers=['ETag: "v1"']))

    response = client.send(OutgoingRequest("GET", server.url("/d.json?x=1"), (("If-None-Match", '"v0"'),)))

    assert (response.status, response.body) == (200, b'{"a": 1}')
    assert response.header("ETag") == '"v1"'
    assert response.final_url == server.url("/d.json?x=1")
    assert 0 < response.seconds < 5


def test_the_request_carries_its_own_name_no_cookie_and_the_path_as_written(client, stranger):
    server = stranger(answer(headers=["Set-Cookie: a=b; Path=/"]))

    for _ in range(2):
        client.send(OutgoingRequest("GET", server.url("/a%2fb//c/../d?x=%zz")))

    head = server.requests[1].decode()
    assert head.startswith("GET /a%2fb//c/../d?x=%zz HTTP/1.1\r\n")
    assert "User-Agent: Tradepost/" in head
    assert "cookie" not in head.lower()


def test_a_body_is_sent(client, stranger):
    server = stranger(answer(b"", status="204 No Content"))

    response = client.send(
        OutgoingRequest("POST", server.url(), (("Content-Type", "application/json"),), b'{"key":"k"}')
    )

    assert response.status == 204
    assert b"Content-Length: 11\r\n" in server.requests[0]


def test_proxies_of_the_environment_are_not_used(client, stranger, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    server = stranger(answer())

    assert client.send(OutgoingRequest("GET", server.url())).status == 200


def test_a_port_nobody_listens_on_is_unreachable(client):
    assert problem_of(client, "http://127.0.0.1:1/secret").kind is OutgoingProblem.UNREACHABLE


def test_a_name_without_address_is_not_found():
    client = GuardedClient(AddressRules(), resolver=Names([]))

    problem = problem_of(client, "https://gone.example.com/secret")

    assert problem.kind is OutgoingProblem.NAME_NOT_FOUND
    assert "gone.example.com" in problem.text
    client.close()


def test_a_server_that_never_answers_is_too_slow(client, stranger):
    server = stranger(raw(then_wait=True))

    assert problem_of(client, server.url("/secret")).kind is OutgoingProblem.TOO_SLOW


def test_a_body_that_drips_is_stopped_by_the_time_in_all(client, stranger):
    def drip(connection, _request, stop):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not stop.wait(0.05):
            connection.sendall(b"x")

    started = time.monotonic()

    assert problem_of(client, stranger(drip).url()).kind is OutgoingProblem.TOO_SLOW
    assert time.monotonic() - started < 2


def test_headers_that_drip_are_stopped_too(client, stranger):
    def drip(connection, _request, stop):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not stop.wait(0.05):
            connection.sendall(b"X: y\r\n")

    assert problem_of(client, stranger(drip).url()).kind is OutgoingProblem.TOO_SLOW


def test_an_endless_body_stops_at_the_limit(client, stranger):
    def endless(connection, _request, stop):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not stop.is_set():
            connection.sendall(b"x" * 4096)

    problem = problem_of(client, stranger(endless).url(), max_bytes=10_000, timeout=Timeout(total=5))

    assert problem.kind is OutgoingProblem.TOO_LARGE
    assert "10,000 bytes" in problem.text


def test_a_body_of_exactly_the_limit_is_read_and_one_byte_more_is_not(client, stranger):
    exact, more = stranger(answer(b"x" * 100)), stranger(answer(b"x" * 101))

    assert len(client.send(OutgoingRequest("GET", exact.url(), max_bytes=100)).body) == 100
    assert problem_of(client, more.url(), max_bytes=100).kind is OutgoingProblem.TOO_LARGE


def test_a_compressed_answer_is_read(client, stranger):
    server = stranger(answer(gzip.compress(b'{"a": 1}'), headers=["Content-Encoding: gzip"]))

    assert client.send(OutgoingRequest("GET", server.url())).body == b'{"a": 1}'


def test_a_compressed_answer_is_limited_by_what_it_becomes(client, stranger):
    bomb = gzip.compress(bytes(20_000_000))
    server = stranger(answer(bomb, headers=["Content-Encoding: gzip"]))

    problem = problem_of(client, server.url(), timeout=Timeout(total=5))

    assert len(bomb) < 100_000
    assert problem.kind is OutgoingProblem.TOO_LARGE


@pytest.mark.parametrize(
    ("body", "encoding", "kind"),
    [
        (gzip.compress(b"x" * 1000, mtime=0)[:-12], "gzip", OutgoingProblem.CONNECTION_LOST),
        (b"no gzip", "gzip", OutgoingProblem.NOT_HTTP),
        (b"x", "br", OutgoingProblem.NOT_HTTP),
        (gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), "gzip, gzip", OutgoingProblem.NOT_HTTP),
        (gzip.compress(b"x", mtime=0) + bytes(2_000_000), "gzip", OutgoingProblem.TOO_LARGE),
    ],
)
def test_a_compression_that_is_none_is_named(client, stranger, body, encoding, kind):
    server = stranger(answer(body, headers=[f"Content-Encoding: {encoding}"]))

    assert problem_of(client, server.url(), timeout=Timeout(total=5)).kind is kind


@pytest.mark.parametrize(
    "half", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", b"HTTP/1.1 200 OK\r\nContent-"]
)
def test_a_server_that_hangs_up_has_lost_the_connection(client, stranger, half):
    assert problem_of(client, stranger(raw(half)).url()).kind is OutgoingProblem.CONNECTION_LOST


def test_a_chunked_body_that_ends_early_is_a_lost_connection(client, stranger):
    half = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"

    assert problem_of(client, stranger(raw(half)).url()).kind is OutgoingProblem.CONNECTION_LOST


def test_something_that_is_not_http_is_named(client, stranger):
    server = stranger(raw(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", then_wait=True))

    assert problem_of(client, server.url()).kind is OutgoingProblem.NOT_HTTP


@pytest.mark.parametrize("headers", [b"X: " + b"y" * 20_000, b"\r\n".join([b"X: y" * 10] * 1000)])
def test_huge_headers_are_refused(client, stranger, headers):
    server = stranger(raw(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n\r\n", then_wait=True))

    assert problem_of(client, server.url()).kind in {OutgoingProblem.TOO_LARGE, OutgoingProblem.NOT_HTTP}


@pytest.mark.parametrize("header", [("X-A", "b\r\nX-C: d"), ("X A", "b"), ("X", "\x00"), ("Host", "evil")])
def test_headers_that_could_not_stand_as_they_are_make_no_request(header):
    with pytest.raises(OutgoingError):
        OutgoingRequest("GET", "https://app.example.com/", (header,))


def test_many_requests_come_back_in_order_and_four_at_once_reach_a_host(client, stranger):
    def slowly(connection, request, stop):
        stop.wait(0.02)
        answer(request.split(b" ")[1])(connection, request, stop)

    server = stranger(slowly)
    requests = [OutgoingRequest("GET", server.url(f"/{number}")) for number in range(20)]
    requests[7] = OutgoingRequest("GET", "ftp://nowhere/")

    answers = client.send_all(requests)

    assert server.most_at_once == 4
    assert answers[7].kind is OutgoingProblem.FORBIDDEN_SCHEME
    assert [a.body for a in answers if a is not answers[7]] == [b"/%d" % n for n in range(20) if n != 7]


def test_a_client_can_be_used_again_after_it_was_closed(client, stranger):
    server = stranger(answer())
    client.send(OutgoingRequest("GET", server.url()))

    client.close()

    assert client.send(OutgoingRequest("GET", server.url())).status == 200


def test_closing_ends_what_is_under_way(client, stranger):
    reached = threading.Event()

    def wait(_connection, _request, stop):
        reached.set()
        stop.wait(5)

    server = stranger(wait)
    problems = []

    def ask():
        problems.append(problem_of(client, server.url(), timeout=Timeout(total=5)).kind)

    asking = threading.Thread(target=ask)
    asking.start()
    assert reached.wait(5)
    client.close()
    asking.join(5)

    assert problems == [OutgoingProblem.CONNECTION_LOST]


def test_the_log_names_path_and_outcome_but_never_the_query(client, stranger, caplog):
    caplog.set_level("INFO", "tradepost.outgoing")
    server = stranger(answer())

    client.send(OutgoingRequest("GET", server.url("/d.json?jwt=secret")))

    assert "/d.json: 200 in" in caplog.text
    assert "secret" not in caplog.text


def test_production_code_gets_the_client_that_was_put_in_place(client):
    before = outgoing.current()

    with outgoing.replace(client) as present:
        assert outgoing.current() is present is client

    assert outgoing.current() is before
