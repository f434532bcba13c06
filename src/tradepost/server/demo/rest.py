"""A small client of our own REST APIs, and the eyes and hands of the story."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

SECONDS = 15


class AnswerError(Exception):
    """A service answered with an error; the message is what it said."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Rest:
    """One service, seen by one person with their API token (none for the sample app and the mail catcher)."""

    url: str
    token: str = ""

    def get(self, path: str) -> Any:
        return self._send("GET", path, None)

    def post(self, path: str, body: object | None = None) -> Any:
        return self._send("POST", path, body if body is not None else {})

    def put(self, path: str, body: object | None = None) -> Any:
        return self._send("PUT", path, body if body is not None else {})

    def delete(self, path: str) -> Any:
        return self._send("DELETE", path, None)

    def _send(self, method: str, path: str, body: object | None) -> Any:
        """Return the answer's JSON, None for an empty one. Raises AnswerError."""
        request = urllib.request.Request(self.url + path, method=method)  # noqa: S310  our own addresses
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                content = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise AnswerError(error.code, error.read(2000).decode(errors="replace")) from error
        return json.loads(content) if content else None
