"""Apps in development: a descriptor and `installed` on a real port of this machine, changed while they run."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.host.hostworld import descriptor


@dataclass
class DevApp:
    """An app as a developer has it. `answers` is what its descriptor address gives instead, `status` its lifecycle."""

    url: str
    document: dict[str, Any]
    status: int = 204
    answers: tuple[int, dict[str, str], bytes] | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{self.url}/atlassian-connect.json"

    @property
    def secrets(self) -> list[str]:
        """The secrets it was told, in order."""
        return [body["sharedSecret"] for path, body in self.told if path == "/installed"]

    def change(self, **fields: Any) -> None:
        self.document = self.document | fields


@contextmanager
def developing(key: str = "dev-app") -> Iterator[DevApp]:
    """Let an app answer on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    app = DevApp(url, descriptor(key, url))
    server.RequestHandlerClass = _answers_of(app)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield app
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answers_of(app: DevApp) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            app.asked.append(dict(self.headers))
            status, headers, body = app.answers or (200, {}, json.dumps(app.document).encode())
            self._answer(status, headers, body)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            app.told.append((self.path, body))
            self._answer(app.status, {}, b"")

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    return Answers
