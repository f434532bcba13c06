"""What a scalar in a manifest is: the core schema of YAML 1.2 (section 10.3 of its specification)."""

import re
from math import isfinite

NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters outside those that YAML allows (section 5.1)."""

_PREFIX = "tag:yaml.org,2002:"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FRACTION = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 300
"""Digits. What is longer stays text: converting a million digits takes minutes."""

_KINDS = {"int": int, "float": float | int, "bool": bool, "null": type(None)}

Scalar = str | int | float | bool | None


def plain(text: str) -> Scalar:
    """The value of a scalar without quotes and tag. Numbers that JSON cannot hold stay text."""
    if text and text[0] not in "-+.0123456789~nNtTfF":
        return text
    if text in _NULLS:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    return text if len(text) > _LONGEST_NUMBER else _number(text)


def tagged(text: str, tag: str) -> tuple[Scalar, bool]:
    """The value of a scalar with a tag, and whether tag and text fit; unknown tags never fit."""
    if tag in {"!", f"{_PREFIX}str", f"{_PREFIX}timestamp"}:
        return text, True
    kind = _KINDS.get(tag.removeprefix(_PREFIX)) if tag.startswith(_PREFIX) else None
    value = plain(text)
    fits = kind is not None and isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    return value, fits


def is_collection_tag(tag: str, *, mapping: bool) -> bool:
    """Whether a tag says no more than that this is a mapping, or a list."""
    return tag in {"!", _PREFIX + ("map" if mapping else "seq")}


def _number(text: str) -> Scalar:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if _FRACTION.fullmatch(text) and isfinite(float(text)):
        return float(text)
    return text
