"""A host service that is told things: a real server on this machine."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class TakingHost:
    """A host service that keeps what it is told.

    `answers` is the status, `meanwhile` happens before it is sent; `refuses` is the end of a path that gets 422.
    """

    def __init__(self):
        self.taken, self.answers, self.meanwhile, self.refuses = [], 204, lambda: None, "-"
        taking = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                is_refused = self.path.endswith(taking.refuses)
                if not is_refused:
                    taking.taken.append((self.path, dict(self.headers), body))
                taking.meanwhile()
                self.send_response(422 if is_refused else taking.answers)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                """Tests read `taken`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def told(self, name):
        """What the pushes had in their list of this name, in the order in which they came."""
        return [each for _, _, body in self.taken for each in json.loads(body)[name]]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
