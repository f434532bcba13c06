"""Vendors' servers for tests: real HTTP on loopback, behaving as they are told."""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DESCRIPTOR = {
    "key": "com.example.app",
    "name": "Example",
    "description": "Shows a panel.",
    "baseUrl": "http://127.0.0.2:9000/app",
    "authentication": {"type": "jwt"},
    "lifecycle": {"installed": "/installed"},
    "scopes": ["READ"],
    "modules": {"webPanels": [{"key": "panel", "url": "/panel"}]},
}


def descriptor(**changes):
    """A listable descriptor with other values; None takes a field away."""
    made = {**DESCRIPTOR, **changes}
    return {name: value for name, value in made.items() if value is not None}


class VendorServer:
    """Serves what `serves` holds per path: a document, bytes, a status, or a function of the handler."""

    def __init__(self):
        self.serves = {}
        self.asked = []
        self.at_once = self.most_at_once = 0
        self.stop = threading.Event()
        self._lock = threading.Lock()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                vendor._answer(self)

            def log_message(self, *_):
                """Tests read `asked`."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                """The other side going away is part of the game."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def url(self, path="/descriptor.json"):
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def serve(self, what, path="/descriptor.json"):
        """Serve a document, bytes, a status or a function from now on."""
        self.serves[path] = what
        return self.url(path)

    def _answer(self, handler):
        with self._lock:
            self.asked.append((handler.path, dict(handler.headers)))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            what = self.serves.get(handler.path, 404)
            if callable(what):
                what(handler)
            elif isinstance(what, int):
                send(handler, b"", status=what)
            else:
                body = what if isinstance(what, bytes) else json.dumps(what).encode()
                etag = f'"{hashlib.sha256(body).hexdigest()}"'
                if handler.headers.get("If-None-Match") == etag:
                    send(handler, b"", status=304)
                else:
                    send(handler, body, ETag=etag)
        finally:
            with self._lock:
                self.at_once -= 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self._server.shutdown()
        self._server.server_close()


def send(handler, body, *, status=200, **headers):
    """Send one whole answer."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def vendor_server():
    with VendorServer() as server:
        yield server
