"""The sample app as a real process, and what a test asks of it."""

import http.client
import json
import queue
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tests.sdk.signing_host import SECRET, body_of, claims_of, signed

START_SECONDS = 15


class Sample:
    """A running sample app and what a test asks of it."""

    def __init__(self, keys_url, *arguments):
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tradepost.sdk.sample"),
                *("--listen", "127.0.0.1:0", "--keys-url", keys_url, *arguments),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        lines = queue.Queue()
        reading = threading.Thread(target=lambda: lines.put(self.process.stdout.readline()), daemon=True)
        reading.start()
        self.ready = lines.get(timeout=START_SECONDS)
        reading.join()
        self.url = self.ready.split()[-1].removesuffix("/atlassian-connect.json")

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=5)
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        try:
            typed = {"Content-Type": "application/json"} if content is not None else {}
            connection.request(method, path, content, typed | (headers or {}))
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def control(self, method, path, body=None):
        status, _, content = self.ask(method, "/control" + path, body)
        assert status < 300, content
        return json.loads(content) if content else None

    def lifecycle(self, event, *, headers=None, path=None, **options):
        path = path or f"/{event}"
        if headers is None:
            headers = signed(self.claims(f"/{event}"), **options)
        return self.ask("POST", path, body_of(event), headers)[0]

    def claims(self, path, **changes):
        changes.setdefault("audience", self.url)
        return claims_of(path, now=datetime.now(UTC), **changes)  # noqa: TID251 - the process has a real clock

    def by_secret(self, path, **changes):
        return signed(self.claims(path, **changes), key=SECRET, algorithm="HS256", kid=None)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(5)
        self.process.stdout.close()
        return code
