"""The marketplace's REST API, as the commands of vendors talk to it."""

import http.client
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import IO, Any

from tradepost.cli.vendor.failures import BadTokenError, NoAnswerError, RefusedError

SECONDS = 60.0
"""For one whole answer. A deployment is decided while its request waits."""
MOST_BYTES = 32 * 1024 * 1024
PAGE = 100
_OURS = range(400, 500)


class Marketplace:
    """A marketplace, and the token to talk to it with; an empty one sends none."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._token = token.strip()
        if not self._token.isascii() or not self._token.isprintable() or " " in self._token:
            raise BadTokenError("this is no token of Tradepost: it has other characters")
        # https goes through the proxy of the environment, which sees no token; http goes straight. No redirect leads
        # the token elsewhere.
        proxies = {name: at for name, at in urllib.request.getproxies().items() if name == "https"}
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies), _NoRedirects())

    def ask(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """What the marketplace answers, None for nothing. Raises NoAnswerError and RefusedError."""
        raw = self.raw(method, path, body, **query)
        if not raw:
            return None
        try:
            return json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise self._stranger() from error

    def thing(self, method: str, path: str, body: object = None, **query: object) -> Mapping[str, Any]:
        """What the marketplace answers, which is one object. Raises NoAnswerError and RefusedError."""
        answer = self.ask(method, path, body, **query)
        if not isinstance(answer, Mapping):
            raise self._stranger()
        return answer

    def raw(self, method: str, path: str, body: object = None, **query: object) -> bytes:
        """The bytes of an answer. Raises NoAnswerError and RefusedError.

        A server that sends a byte now and then stays under any socket timeout, so the whole runs in a thread that is
        left behind when the time is up.
        """
        request = self._request(method, path, body, query)
        found: list[bytes] = []
        failures: list[Exception] = []
        worker = threading.Thread(target=self._call, args=(request, found, failures), daemon=True)
        worker.start()
        worker.join(SECONDS)
        if found:
            return found[0]
        raise failures[0] if failures else self._silence(f"no complete answer within {SECONDS:g} seconds")

    def all_of(self, path: str, *, most: int, **query: object) -> dict[str, Any]:
        """The first `most` items of a listing, its pages together, in the form of one page."""
        items: list[Any] = []
        after: object = None
        while True:
            page = self.thing("GET", path, after=after, limit=min(PAGE, most - len(items)), **query)
            if not isinstance(page.get("items"), list):
                raise self._stranger()
            items += page["items"]
            after = page.get("next")
            if not after or not page["items"] or len(items) >= most:
                return {**page, "items": items}

    def _request(self, method: str, path: str, body: object, query: Mapping[str, object]) -> urllib.request.Request:
        asked = urllib.parse.urlencode(
            {name: str(value) for name, value in query.items() if value not in {None, ""}}, errors="replace"
        )
        address = f"{self.url}/api/1{path}" + (f"?{asked}" if asked else "")
        headers = {"Accept": "application/json", "User-Agent": "tradepost"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        # Half of a character, as arguments can have, is for the marketplace to refuse.
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return urllib.request.Request(address, data=sent, method=method, headers=headers)  # noqa: S310  an own address

    def _call(self, request: urllib.request.Request, found: list[bytes], failures: list[Exception]) -> None:
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                raw = answer.read(MOST_BYTES + 1)
            if len(raw) > MOST_BYTES:
                failures.append(self._silence(f"its answer is larger than {MOST_BYTES} bytes"))
            else:
                found.append(raw)
        except urllib.error.HTTPError as error:
            failures.append(self._refusal(error))
        except urllib.error.URLError as error:
            failures.append(self._silence(str(error.reason)))
        except (OSError, http.client.HTTPException, ValueError) as error:
            failures.append(self._silence(str(error) or type(error).__name__))

    def _refusal(self, error: urllib.error.HTTPError) -> Exception:
        try:
            document = json.loads(error.read(MOST_BYTES))
        except (OSError, http.client.HTTPException, ValueError, RecursionError):
            document = None
        if not isinstance(document, Mapping) or not isinstance(document.get("detail"), str):
            return NoAnswerError(f"{self.url} answered {error.code}; is it a marketplace of Tradepost?")
        if error.code not in _OURS:
            return NoAnswerError(f"the marketplace at {self.url} failed ({error.code}): {document['detail']}")
        return RefusedError(error.code, document)

    def _silence(self, why: str) -> NoAnswerError:
        return NoAnswerError(f"cannot reach the marketplace at {self.url}: {why}")

    def _stranger(self) -> NoAnswerError:
        return NoAnswerError(f"what answers at {self.url} is no marketplace of Tradepost")


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
