"""The part of JQL the product understands, read strictly: terms joined by AND, then ORDER BY. Pure.

    project = DEMO AND status in ("To Do", Done) AND assignee = currentUser() ORDER BY updated DESC

What it does not understand it refuses by name, so that nobody takes a wrong answer for a right one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tradepost.core.errors import InvalidInputError

from .limits import LONGEST_QUERY

FIELDS = ("project", "status", "statuscategory", "assignee", "reporter", "key", "summary", "text")
ORDERS = ("key", "created", "updated", "status", "summary")
CURRENT_USER = "currentUser()"
EMPTY = ""
"""The value that `is EMPTY` compares with."""

_MOST_TERMS, _MOST_VALUES = 20, 100
_ALIASES = {"issuekey": "key", "issue": "key", "id": "key", "createddate": "created", "updateddate": "updated"}
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>!=|=|!~|~|\(\s*\)|\(|\)|,)"""
    r"""|(?P<word>[^\s"'=!~(),<>]+)|(?P<odd>\S))"""
)


@dataclass(frozen=True, slots=True)
class Term:
    """`field` is one of `values`, contains them (`summary` and `text`), or not where `is_negated`."""

    field: str
    values: tuple[str, ...]
    is_negated: bool


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, and the order: (field, falls)."""

    terms: tuple[Term, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "word" else ""


def parse_jql(text: str) -> Search:
    """Read a query. Raises InvalidInputError that says what is not understood."""
    if len(text) > LONGEST_QUERY:
        raise InvalidInputError(f"A query has at most {LONGEST_QUERY} characters.", "/jql")
    tokens = _Tokens(list(_split(text)))
    terms = []
    while tokens.ahead and tokens.ahead.word != "order":
        if terms:
            tokens.expect_word("and")
        terms.append(_term(tokens))
        if len(terms) > _MOST_TERMS:
            raise _refusal(f"A query has at most {_MOST_TERMS} terms.")
    return Search(tuple(terms), tuple(_order(tokens)))


class _Tokens:
    """What is left to read."""

    def __init__(self, found: list[_Token]) -> None:
        self._found = found
        self._at = 0

    @property
    def ahead(self) -> _Token | None:
        return self._found[self._at] if self._at < len(self._found) else None

    def take(self, what: str) -> _Token:
        token = self.ahead
        if token is None:
            raise _refusal(f"The query ends where {what} should stand.")
        self._at += 1
        return token

    def expect_word(self, *words: str) -> str:
        token = self.take(words[0].upper())
        if token.word not in words:
            raise _refusal(f"{token.text[:40]!r} stands where {words[0].upper()} should. Terms are joined by AND only.")
        return token.word

    def takes(self, sign: str) -> bool:
        """Take what is ahead if it is this sign or this word."""
        is_it = self.ahead is not None and sign in {
            self.ahead.word,
            self.ahead.text if self.ahead.kind == "sign" else "",
        }
        self._at += is_it
        return is_it


def _split(text: str) -> Iterator[_Token]:
    end = len(text.rstrip())
    position = 0
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup in {None, "odd"}:
            raise _refusal(f"{text[position:].strip()[:20]!r} is not understood.")
        kind, part = str(found.lastgroup), found.group(str(found.lastgroup))
        yield _Token(kind, re.sub(r"\\(.)", r"\1", part[1:-1]) if kind == "text" else part)
        position = found.end()


def _term(tokens: _Tokens) -> Term:
    token = tokens.take("a field")
    name = _ALIASES.get(token.text.lower(), token.text.lower())
    if name not in FIELDS:
        raise _refusal(f"The field {token.text[:40]!r} is not known here. Known are: {', '.join(FIELDS)}.")
    return Term(name, *_condition(tokens, name))


def _condition(tokens: _Tokens, name: str) -> tuple[tuple[str, ...], bool]:
    sign = tokens.take("an operator")
    is_text = name in {"summary", "text"}
    if sign.text in {"~", "!~"} and is_text:
        return (_value(tokens),), sign.text == "!~"
    if sign.text in {"=", "!="} and not is_text:
        return (_value(tokens),), sign.text == "!="
    if sign.word == "is" and not is_text:
        is_negated = tokens.takes("not")
        tokens.expect_word("empty", "null")
        return (EMPTY,), is_negated
    if sign.word in {"in", "not"} and not is_text:
        if sign.word == "not":
            tokens.expect_word("in")
        return _list(tokens), sign.word == "not"
    allowed = "~ and !~" if is_text else "=, !=, in, not in, is EMPTY and is not EMPTY"
    raise _refusal(f"{sign.text[:20]!r} is no operator for {name}: there are {allowed}.")


def _list(tokens: _Tokens) -> tuple[str, ...]:
    if not tokens.takes("("):
        raise _refusal("A list stands in brackets.")
    values = [_value(tokens)]
    while tokens.takes(","):
        values.append(_value(tokens))
    if not tokens.takes(")"):
        raise _refusal("A list ends with a bracket.")
    if len(values) > _MOST_VALUES:
        raise _refusal(f"A list has at most {_MOST_VALUES} values.")
    return tuple(values)


def _value(tokens: _Tokens) -> str:
    token = tokens.take("a value")
    if token.kind == "sign":
        raise _refusal(f"{token.text!r} stands where a value should.")
    ahead = tokens.ahead
    if token.kind == "word" and ahead is not None and ahead.kind == "sign" and ahead.text.startswith("("):
        tokens.take("()")
        if token.word != "currentuser" or ahead.text == "(":
            raise _refusal(f"The function {token.text[:40]!r} is not known here, only {CURRENT_USER}.")
        return CURRENT_USER
    return EMPTY if token.word in {"empty", "null"} else token.text


def _order(tokens: _Tokens) -> Iterator[tuple[str, bool]]:
    if not tokens.takes("order"):
        return
    tokens.expect_word("by")
    while True:
        token = tokens.take("a field")
        name = _ALIASES.get(token.text.lower(), token.text.lower())
        if name not in ORDERS:
            raise _refusal(f"Nothing can be sorted by {token.text[:40]!r}, only by {', '.join(ORDERS)}.")
        falls = tokens.takes("desc")
        if not falls:
            tokens.takes("asc")
        yield name, falls
        if tokens.ahead is None:
            return
        if not tokens.takes(","):
            raise _refusal(f"{tokens.ahead.text[:40]!r} stands where the query should end.")


def _refusal(text: str) -> InvalidInputError:
    return InvalidInputError(text, "/jql")
