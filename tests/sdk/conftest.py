"""A sample app that runs, and a host that it can ask."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.sdk.sample_app import Sample
from tests.sdk.signing_host import CLIENT_KEY, KEY_ID, PUBLIC_PEM, REST


@pytest.fixture(scope="module")
def host():
    """Serves the public key, and tells an app which version a site runs."""
    seen = []

    class Host(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append((self.path, self.headers.get("Authorization")))
            body = {f"/keys/{KEY_ID}": PUBLIC_PEM, "/alpha" + REST: b'{"version": "1.1.0"}'}.get(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    serving = threading.Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    server.seen = seen
    yield server
    server.shutdown()
    server.server_close()
    serving.join()


@pytest.fixture(scope="module")
def running(host):
    sample = Sample(host.url + "/keys")
    yield sample
    sample.stop()


@pytest.fixture
def sample(running):
    """The running app, as good as new."""
    first = running.control("GET", "/descriptor")
    running.control("DELETE", "/received")
    yield running
    running.control("PUT", "/descriptor", first)
    running.control("PUT", "/behaviour", {"descriptor": "ok", "installed": "ok", "code": "1"})
    if any(tenant["client_key"] == CLIENT_KEY for tenant in running.control("GET", "")["tenants"]):
        assert running.lifecycle("uninstalled") == 204
