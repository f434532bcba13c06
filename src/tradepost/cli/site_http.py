"""The host service's REST API, as the commands about sites talk to it."""

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import IO, Any

_SECONDS = 30.0
"""For one answer, of a service that is ours."""
_MOST_BYTES = 32 * 1024 * 1024
_PAGE = 100
_INVALID = {400, 413, 414, 422}
_NOT_FOUND = 404


class NoAnswerError(Exception):
    """The service cannot be reached, is none of ours, or refused."""


class NoSuchThingError(NoAnswerError):
    """The service knows no such thing, or this token may not see it."""


class InvalidAnswerError(Exception):
    """The service found the input invalid; a line for each place."""


class HostService:
    """A host service and the token to talk to it with."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self.token = token.strip()
        if not self.url.lower().startswith(("http://", "https://")):
            raise InvalidAnswerError(f"{url!r} is no http or https address")
        if not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise InvalidAnswerError("this is no token of Tradepost: it has other characters")
        # The token goes to the named service: through no proxy, and no redirect leads it elsewhere.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())

    def ask(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """What the service answers, None for nothing. Raises NoAnswerError and InvalidAnswerError."""
        asked = urllib.parse.urlencode({name: str(value) for name, value in query.items() if value != ""})
        address = f"{self.url}/api/1{path}" + (f"?{asked}" if asked else "")
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json", "User-Agent": "tradepost"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        sent = None if body is None else json.dumps(body).encode()
        try:
            request = urllib.request.Request(address, data=sent, method=method, headers=headers)  # noqa: S310  checked
            with self._opener.open(request, timeout=_SECONDS) as answer:
                return self._read(answer.read(_MOST_BYTES))
        except urllib.error.HTTPError as error:
            raise self._refusal(error) from error
        except urllib.error.URLError as error:
            raise NoAnswerError(f"cannot reach the host service at {self.url}: {error.reason}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = str(error) or type(error).__name__
            raise NoAnswerError(f"cannot reach the host service at {self.url}: {why}") from error

    def all_of(self, path: str, *, most: int | None = None, **query: object) -> list[Any]:
        """The items of a listing, all its pages together, or the first `most`."""
        items: list[Any] = []
        after: object = ""
        while most is None or len(items) < most:
            limit = _PAGE if most is None else min(_PAGE, most - len(items))
            page = self.ask("GET", path, after=after, limit=limit, **query)
            if not isinstance(page, Mapping) or not isinstance(page.get("items"), list):
                raise self._stranger()
            items += page["items"]
            after = page.get("next")
            if not after:
                break
        return items

    def _read(self, raw: bytes) -> Any:
        if not raw:
            return None
        try:
            return json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise self._stranger() from error

    def _stranger(self) -> NoAnswerError:
        return NoAnswerError(f"what answers at {self.url} is no host service of Tradepost")

    def _refusal(self, error: urllib.error.HTTPError) -> Exception:
        text = _problem_text(error)
        if error.code in _INVALID:
            return InvalidAnswerError(text)
        return NoSuchThingError(text) if error.code == _NOT_FOUND else NoAnswerError(text)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The API has none."""

    def redirect_request(
        self,
        req: urllib.request.Request,  # noqa: ARG002
        fp: IO[bytes],  # noqa: ARG002
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: http.client.HTTPMessage,  # noqa: ARG002
        newurl: str,  # noqa: ARG002
    ) -> urllib.request.Request | None:
        return None


def _problem_text(error: urllib.error.HTTPError) -> str:
    """A line for each place that the problem details name, or what they say as a whole."""
    try:
        problem = json.loads(error.read(_MOST_BYTES))
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        problem = None
    if not isinstance(problem, Mapping) or not isinstance(problem.get("detail"), str):
        return f"the service answered {error.code}; is it a host service of Tradepost?"
    places = problem.get("problems") or []
    if not places:
        return str(problem["detail"])
    return "\n".join(f"{each.get('pointer', '')}: {each.get('text', '')}" for each in places)
