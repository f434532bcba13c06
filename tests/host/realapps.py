"""The apps of `hostworld`, on a real port of this machine: they fetch the host's public key over HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import URLError
from urllib.request import urlopen

from tests.host.hostworld import App

from tradepost.foundation.clock import machine_now
from tradepost.sdk.tokens import KeyUnavailableError


@contextmanager
def serving(app: App) -> Iterator[str]:
    """Let the app answer at the address given out; its `base_url` is that address then."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _answers_of(app))
    app.base_url = f"http://127.0.0.1:{server.server_address[1]}/base"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield app.base_url
    finally:
        app.wake.set()
        server.shutdown()
        server.server_close()
        thread.join()


def key_fetcher(host_url: str) -> Callable[[str], str]:
    """What an app does to get a public key: ask the host service for it."""

    def fetch(kid: str) -> str:
        try:
            with urlopen(f"{host_url}/keys/{kid}", timeout=5) as answer:
                return answer.read().decode()
        except URLError as error:
            raise KeyUnavailableError(kid) from error

    return fetch


def _answers_of(app: App) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = app.receive("POST", self.path, dict(self.headers), body, now=machine_now())
            if app.behaviour == "die":
                self.connection.close()
                return
            if app.behaviour == "hang":
                app.wake.wait(20)
            self.send_response(302 if app.behaviour == "redirect" else status)
            if app.behaviour == "redirect":
                self.send_header("Location", f"{app.base_url}/elsewhere")
            answer = json.dumps({"status": status}).encode() if status != 204 else b""
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    return Answers
