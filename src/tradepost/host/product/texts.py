"""Reads the names and texts people and apps give. Each raises InvalidInputError with the field as the pointer."""

import re

from tradepost.core.errors import InvalidInputError

from .limits import LONGEST_NAME, LONGEST_PROPERTY_KEY, LONGEST_SUMMARY, LONGEST_TEXT

_PROJECT_KEY = re.compile(r"[A-Z][A-Z0-9]{1,9}")
_ISSUE_KEY = re.compile(r"([A-Z][A-Z0-9]{1,9})-([1-9][0-9]{0,8})")
_UNWANTED = re.compile("[\0\ud800-\udfff]")
_LINE_UNWANTED = re.compile("[\0-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")


def read_project_key(text: str) -> str:
    key = text.strip().upper()
    if not _PROJECT_KEY.fullmatch(key):
        raise InvalidInputError("A project's key has 2 to 10 letters and digits, a letter first, like DEMO.", "/key")
    return key


def split_issue_key(text: str) -> tuple[str, int] | None:
    """Return the project's key and the number of an issue, None for text that is no issue key."""
    found = _ISSUE_KEY.fullmatch(text.upper())
    return (found[1], int(found[2])) if found and text.isascii() else None


def read_name(text: str, *, field: str = "name", most: int = LONGEST_NAME) -> str:
    """Return one line without spaces at its ends."""
    name = text.strip()
    if not name or len(name) > most or _LINE_UNWANTED.search(name):
        raise InvalidInputError(f"This is one line of 1 to {most} characters.", f"/{field}")
    return name


def read_summary(text: str) -> str:
    return read_name(text, field="summary", most=LONGEST_SUMMARY)


def read_text(text: str, *, field: str, most: int = LONGEST_TEXT, is_needed: bool = False) -> str:
    """Return a text of many lines, with line ends as one character each."""
    found = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if _UNWANTED.search(found) or len(found) > most:
        raise InvalidInputError(f"This is text of at most {most} characters.", f"/{field}")
    if is_needed and not found:
        raise InvalidInputError("Write something.", f"/{field}")
    return found


def read_property_key(text: str) -> str:
    if not text or len(text) > LONGEST_PROPERTY_KEY or _LINE_UNWANTED.search(text):
        raise InvalidInputError(f"The key of a property has 1 to {LONGEST_PROPERTY_KEY} characters.", "/propertyKey")
    return text
