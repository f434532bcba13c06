"""What became of a call to an app, and the row that the log keeps of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from tradepost.foundation.clock import machine_now, new_id
from tradepost.foundation.configuration import configuration
from tradepost.foundation.outgoing import OutgoingError, OutgoingResponse
from tradepost.host.installing.models import Installation

from .lifecycle import MASK, SUCCESS, AppCall, may_have_acted
from .models import LifecycleCall

MOST_HEADERS, LONGEST_HEADER = 40, 200
LONGEST_URL = 1000
_SECRET_HEADERS = frozenset({"set-cookie", "authorization", "proxy-authenticate"})
_NOT_NOW = frozenset({408, 425, 429})


class _NotCalled:
    """Stands for the answer of an app that has nothing to be told."""


NOT_CALLED: Final = _NotCalled()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call. `problem` is set where it could not even be made."""

    call: AppCall | None
    answer: OutgoingResponse | OutgoingError | _NotCalled | None
    problem: str = ""

    @property
    def succeeded(self) -> bool:
        if isinstance(self.answer, OutgoingResponse):
            return self.answer.status in SUCCESS
        return self.answer is NOT_CALLED

    @property
    def failure(self) -> str:
        """Why it failed, in words."""
        if isinstance(self.answer, OutgoingResponse):
            return f"it answered with status {self.answer.status}"
        if isinstance(self.answer, OutgoingError):
            return self.answer.text.rstrip(".")
        return self.problem.rstrip(".")

    @property
    def is_unclear(self) -> bool:
        """Whether the app may have taken the call although it looks failed."""
        return isinstance(self.answer, OutgoingError) and may_have_acted(self.answer)

    @property
    def is_refusal(self) -> bool:
        """Whether the app has answered and said no for good: not that it is out of order, nor that it is busy."""
        return (
            isinstance(self.answer, OutgoingResponse)
            and not self.succeeded
            and self.answer.status < 500
            and self.answer.status not in _NOT_NOW
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which call a row is about: whose, of what, the how manieth."""

    cause: str
    number: int
    upgrade_id: UUID | None = None
    delivery: UUID | None = None
    replay_of: UUID | None = None


def call_row(installation: Installation, attempt: Attempt, outcome: Outcome, now: datetime) -> LifecycleCall:
    """The row of the log, not saved yet, without any secret. `now` is domain time."""
    call, answer = outcome.call, outcome.answer
    assert call is not None
    response = answer if isinstance(answer, OutgoingResponse) else None
    return LifecycleCall(
        id=new_id(),
        site_id=installation.site_id,
        installation_id=installation.pk,
        upgrade_id=attempt.upgrade_id,
        cause=attempt.cause,
        delivery=attempt.delivery,
        replay_of=attempt.replay_of,
        event=call.event,
        attempt=attempt.number,
        at=now,
        recorded_at=machine_now(),
        url=call.url[:LONGEST_URL],
        request_headers=call.masked_headers(),
        request_body=call.masked_body(),
        status=response.status if response else None,
        response_headers=_headers(response, call) if response else {},
        response_excerpt=_excerpt(response, call) if response else "",
        error=answer.text if isinstance(answer, OutgoingError) else "",
        seconds=response.seconds if response else 0.0,
        succeeded=outcome.succeeded,
    )


def _excerpt(response: OutgoingResponse, call: AppCall) -> str:
    most = configuration.limits.answer_excerpt_bytes
    text = response.body[: most + len(call.secret)].decode("utf-8", "replace")
    return _storable(text, call)[:most]


def _headers(response: OutgoingResponse, call: AppCall) -> dict[str, str]:
    kept = [(name, value) for name, value in response.headers if name not in _SECRET_HEADERS][:MOST_HEADERS]
    return {_storable(name[:LONGEST_HEADER], call): _storable(value[:LONGEST_HEADER], call) for name, value in kept}


def _storable(text: str, call: AppCall) -> str:
    """Some apps send back what they got: the secret does not come into the database in the clear that way."""
    return text.replace("\0", "\ufffd").replace(call.secret, MASK)
