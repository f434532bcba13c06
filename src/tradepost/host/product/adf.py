"""Texts with structure (ADF), as version 3 of the REST interface gives and takes them: a small, plain part of it."""

from typing import Any

from tradepost.core.errors import InvalidInputError

_BLOCKS = frozenset(
    {"blockquote", "bulletList", "codeBlock", "heading", "listItem", "orderedList", "paragraph", "panel"}
)
_DEEPEST = 30


def to_document(text: str) -> dict[str, Any] | None:
    """Return plain text as a document: a paragraph per block of lines, None for no text."""
    if not text:
        return None
    return {"version": 1, "type": "doc", "content": [_paragraph(block) for block in text.split("\n\n")]}


def to_text(value: Any, *, field: str) -> str:
    """Return the text of a document, or of what is plain text already; None is no text.

    What we have no words for (tables, media) keeps its text and loses its shape. Raises InvalidInputError.
    """
    if value is None or isinstance(value, str):
        return value or ""
    if not isinstance(value, dict) or value.get("type") != "doc":
        raise InvalidInputError("This is neither text nor a document (an object of the type doc).", f"/{field}")
    return "\n\n".join(part for part in (_text(node, field, 0) for node in _nodes(value)) if part)


def _paragraph(block: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for line in block.split("\n"):
        if content or line == "":
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": [node for i, node in enumerate(content) if i or node["type"] == "text"]}


def _text(node: Any, field: str, depth: int) -> str:
    if depth > _DEEPEST:
        raise InvalidInputError(f"Parts of a document stand at most {_DEEPEST} deep in each other.", f"/{field}")
    if not isinstance(node, dict):
        raise InvalidInputError("A part of this document is no object.", f"/{field}")
    kind = node.get("type")
    if kind == "text":
        return str(node.get("text", ""))
    if kind == "hardBreak":
        return "\n"
    if kind in {"mention", "emoji", "status"}:
        attributes = node.get("attrs")
        return str(attributes.get("text", "")) if isinstance(attributes, dict) else ""
    parts = [(child, _text(child, field, depth + 1)) for child in _nodes(node)]
    has_blocks = any(isinstance(child, dict) and child.get("type") in _BLOCKS for child, _ in parts)
    return ("\n" if has_blocks else "").join(text for _, text in parts)


def _nodes(node: dict[str, Any]) -> list[Any]:
    content = node.get("content", [])
    return content if isinstance(content, list) else []
