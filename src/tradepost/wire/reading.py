"""Reading a message that came from the other side: of its type, and of nothing that cannot be kept."""

from typing import TypeVar

import msgspec

M = TypeVar("M")
_NUL = b"\\u0000"
"""PostgreSQL keeps no NUL character in a text, and JSON can only carry one like this."""


class UnreadableMessageError(ValueError):
    """What came is no message of the contract. The text says why, and repeats no more of it than a place."""


def read_message(body: bytes, kind: type[M]) -> M:
    """The message in `body`. Raises UnreadableMessageError."""
    try:
        message = msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableMessageError(str(error)[:200]) from error
    if _NUL in body and _holds_nul(msgspec.to_builtins(message)):
        raise UnreadableMessageError("A text holds a NUL character")
    return message


def _holds_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_nul, value.values()))
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value
