"""Fetching one document over HTTP from the vendor's own machine: any host, but limited in bytes, time and redirects.

The marketplace's guarded client is another one; this runs where the vendor could as well use a browser.
"""

import http.client
import threading
import urllib.error
import urllib.request
from typing import IO
from urllib.parse import SplitResult, urlsplit

from tradepost.cli.unreadable import UnreadableError

_SECONDS = 10.0
"""For the whole answer, all redirects included."""
_MOST_REDIRECTS = 3
_DEFAULT_PORTS = {"http": 80, "https": 443}
_OK = 200


def fetch(url: str, *, limit: int, seconds: float = _SECONDS) -> bytes:
    """The body at the address, at most `limit` + 1 bytes. Raises UnreadableError with the reason.

    A server that sends a byte now and then stays under any socket timeout, so the whole runs in a thread that is left
    behind when the time is up.
    """
    found: list[bytes] = []
    failures: list[str] = []
    worker = threading.Thread(target=_fetch_into, args=(url, limit, seconds, found, failures), daemon=True)
    worker.start()
    worker.join(seconds)
    if found:
        return found[0]
    reason = failures[0] if failures else f"no complete answer within {seconds:g} seconds"
    raise UnreadableError(f"cannot read {url}: {reason}")


def _fetch_into(url: str, limit: int, seconds: float, found: list[bytes], failures: list[str]) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _SameOriginRedirects())
    try:
        request = urllib.request.Request(url, headers={"Accept": "application/json", "User-Agent": "tradepost"})  # noqa: S310 - is_address was asked
        with opener.open(request, timeout=seconds) as answer:
            if answer.status == _OK:
                found.append(answer.read(limit + 1))
            else:
                failures.append(f"the server answered {answer.status}")
    except urllib.error.HTTPError as error:
        failures.append(f"the server answered {error.code}")
    except urllib.error.URLError as error:
        failures.append(str(error.reason))
    except (OSError, http.client.HTTPException, ValueError) as error:
        failures.append(str(error) or type(error).__name__)


class _SameOriginRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a few redirects, and none to another origin."""

    max_redirections = _MOST_REDIRECTS

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if _origin(urlsplit(newurl)) != _origin(urlsplit(req.full_url)):
            raise urllib.error.URLError(f"it redirects to another origin ({newurl})")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
