"""The ways in which talking to a marketplace fails. They need no HTTP, so that other commands start without it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_NOT_FOUND, _UNAUTHENTICATED, _FORBIDDEN = 404, 401, 403


class NoAnswerError(Exception):
    """No answer of a marketplace came, or it failed by itself. What was asked may have been carried out."""


class BadTokenError(Exception):
    """The token cannot be one of Tradepost's."""


@dataclass
class RefusedError(Exception):
    """The marketplace refused. `document` is what it said: a problem details object."""

    status: int
    document: Mapping[str, Any] = field(default_factory=dict)

    @property
    def detail(self) -> str:
        """What it comes to, in one sentence."""
        return str(self.document.get("detail") or f"the marketplace answered {self.status}")

    @property
    def rule(self) -> str:
        """The rule that refused; empty where none has a name."""
        return str(self.document.get("rule") or "")

    @property
    def problems(self) -> list[Mapping[str, Any]]:
        """Everything that speaks against it, as far as it was told."""
        found = self.document.get("problems")
        return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []

    @property
    def is_missing(self) -> bool:
        """There is no such thing, or not for this token."""
        return self.status == _NOT_FOUND

    @property
    def is_about_who_asks(self) -> bool:
        """The token is not taken, or may not do this."""
        return self.status in {_UNAUTHENTICATED, _FORBIDDEN}

    @property
    def is_unknown_token(self) -> bool:
        """The token is not taken at all."""
        return self.status == _UNAUTHENTICATED
