"""Small parts of which the descriptor's schema is made."""

from typing import Any

END = r"(?![\s\S])"
"""The end of the text. `$` also stands in front of a last line break in some readers."""


def ref(name: str) -> dict[str, Any]:
    """A reference to one of the schema's own definitions."""
    return {"$ref": f"#/$defs/{name}"}


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Null is missing."""
    return {"anyOf": [schema, {"type": "null"}]}


def present(*names: str) -> dict[str, Any]:
    """These fields are there and not null."""
    return {"required": list(names), "properties": {name: {"not": {"type": "null"}} for name in names}}


def any_case(word: str) -> str:
    """A pattern of the word in any letter case; not every reader of patterns has a switch for that."""
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in word)


def one_of_words(*words: str) -> dict[str, Any]:
    """One of the words, in any letter case."""
    return {"type": "string", "pattern": f"^(?:{'|'.join(any_case(word) for word in words)}){END}"}
