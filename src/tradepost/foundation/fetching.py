"""Asking a descriptor address, and what its answer means. Nothing here touches the database."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from tradepost.core.descriptor import Descriptor, ListingPolicy, parse_descriptor
from tradepost.core.errors import Problem, ProblemsError
from tradepost.core.release import Refusal
from tradepost.foundation.configuration import configuration
from tradepost.foundation.outgoing import (
    OutgoingError,
    OutgoingRequest,
    OutgoingResponse,
    Purpose,
    Timeout,
)

NOT_MODIFIED = 304
LONGEST_ETAG = 300
LONGEST_DATE = 100
MOST_PROBLEMS_KEPT = 50
_SENDABLE = re.compile(r"[!-~ ]*")


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The server says, or the hash of its bytes shows, that nothing has changed since they were understood."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """Bytes of a descriptor, and what to send along to be told that they have not changed."""

    content: bytes = field(repr=False)
    sha256: str
    etag: str
    last_modified: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why asking brought no descriptor: `kind` is a stable word, `text` a sentence for a person."""

    kind: str
    text: str
    problems: tuple[Problem, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As it is kept in a row."""
        kept = [{"pointer": p.pointer, "text": p.text, "rule": p.rule} for p in self.problems]
        return {"kind": self.kind, "text": self.text, "problems": kept[:MOST_PROBLEMS_KEPT]}

    @classmethod
    def of_refusal(cls, refusal: Refusal) -> "Trouble":
        """A descriptor that can be read but must not follow the one before."""
        return cls("refused", refusal.text, (Problem(refusal.pointer, refusal.text, refusal.rule),))


@dataclass(frozen=True, slots=True)
class Understood:
    """Bytes together with the listable descriptor in them."""

    fetched: Fetched
    descriptor: Descriptor


def request_for(url: str, *, etag: str = "", last_modified: str = "") -> OutgoingRequest:
    """The request for a descriptor; with the validators of the bytes last understood it is conditional.

    Raises OutgoingError where the address cannot be asked at all.
    """
    headers = [("Accept", "application/json")]
    if etag:
        headers.append(("If-None-Match", etag))
    if last_modified:
        headers.append(("If-Modified-Since", last_modified))
    limits = configuration.limits
    return OutgoingRequest(
        "GET",
        url,
        tuple(headers),
        timeout=Timeout(connect=limits.connect_seconds, total=limits.total_seconds),
        max_bytes=limits.document_bytes,
        follow_redirects=limits.redirects,
        purpose=Purpose.DESCRIPTOR,
    )


def read_answer(
    answer: OutgoingResponse | OutgoingError, *, known_sha256: str = "", policy: ListingPolicy
) -> Understood | Unchanged | Trouble:
    """What an answer means. The hash of the bytes is compared before anything is parsed."""
    if isinstance(answer, OutgoingError):
        return Trouble(answer.kind, answer.text)
    if answer.status == NOT_MODIFIED and known_sha256:
        return Unchanged()
    if answer.status != 200:
        return Trouble("status", f"The descriptor address answered {answer.status}; 200 is expected.")
    fetched = _fetched(answer)
    if fetched.sha256 == known_sha256:
        return Unchanged(fetched.etag, fetched.last_modified)
    try:
        return Understood(fetched, parse_descriptor(fetched.content, policy=policy))
    except ProblemsError as error:
        return Trouble("invalid", _sentence_for(error.problems), error.problems)


def _fetched(answer: OutgoingResponse) -> Fetched:
    return Fetched(
        answer.body,
        hashlib.sha256(answer.body).hexdigest(),
        _validator(answer, "etag", LONGEST_ETAG),
        _validator(answer, "last-modified", LONGEST_DATE),
    )


def _validator(answer: OutgoingResponse, name: str, longest: int) -> str:
    """A header that can be sent back as it came; without it the next request is simply not conditional."""
    value = answer.header(name) or ""
    return value if len(value) <= longest and _SENDABLE.fullmatch(value) else ""


def _sentence_for(problems: tuple[Problem, ...]) -> str:
    first = f"{problems[0].pointer}: {problems[0].text}" if problems[0].pointer else problems[0].text
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"The descriptor cannot be listed. {first}{more}"
