"""The proxy by which apps reach tokens to act as users leads to the host service and nowhere else."""

import http.client
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from tradepost.foundation.clock import machine_now
from tradepost.server.ports import Address, find_free_port
from tradepost.testing.acting_proxy import KNOWN_SERVER, TOKEN_PATH, acting_proxy


@pytest.fixture
def host_service():
    """A host service that says what it was asked."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self):
            told = self.rfile.read(int(self.headers["Content-Length"])).decode()
            body = json.dumps([self.path, self.headers["Content-Type"], told]).encode()
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def proxy(host_service, tmp_path):
    listen = Address("127.0.0.1", find_free_port("127.0.0.1"))
    with acting_proxy(listen=listen, host_url=host_service, folder=tmp_path, now=machine_now()) as proxy:
        yield proxy


def ask(proxy, host, method, path, body=None, *, port=443):
    """Status and body of a request over https through the proxy, by who trusts its certificate alone."""
    address = urlsplit(proxy.url)
    context = ssl.create_default_context(cafile=str(proxy.certificate))
    connection = http.client.HTTPSConnection(address.hostname, address.port, context=context, timeout=10)
    connection.set_tunnel(host, port)
    try:
        connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_form_for_a_token_is_taken_to_the_host_service_and_its_answer_back(proxy):
    status, body = ask(proxy, KNOWN_SERVER, "POST", TOKEN_PATH, "grant_type=x&assertion=y")

    assert status == 400
    assert json.loads(body) == [TOKEN_PATH, "application/x-www-form-urlencoded", "grant_type=x&assertion=y"]
    assert (proxy.asked, proxy.refused) == ([400], [])


@pytest.mark.parametrize(("method", "path"), [("GET", TOKEN_PATH), ("POST", "/oauth2/authorize"), ("POST", "/")])
def test_nothing_else_of_the_server_is_there(proxy, method, path):
    assert ask(proxy, KNOWN_SERVER, method, path, "a=b" if method == "POST" else None)[0] == 404


@pytest.mark.parametrize(
    ("host", "port"), [("example.com", 443), (f"{KNOWN_SERVER}.example.com", 443), (KNOWN_SERVER, 8443)]
)
def test_no_other_server_is_reached(proxy, host, port):
    with pytest.raises(OSError, match="403"):
        ask(proxy, host, "POST", TOKEN_PATH, "a=b", port=port)

    assert proxy.refused == [f"{host}:{port}"]
    assert proxy.asked == []


def test_who_says_nothing_sensible_does_no_harm(proxy):
    address = urlsplit(proxy.url)
    plain = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    plain.request("GET", "http://example.com/")
    assert plain.getresponse().status == 403
    plain.close()

    assert ask(proxy, KNOWN_SERVER, "POST", TOKEN_PATH, "a=b")[0] == 400
