"""Turning a JSON Schema of draft 2020-12 into draft-04, which the frameworks of apps read."""

from collections.abc import Callable, Mapping
from typing import Any

_DRAFT_04 = "http://json-schema.org/draft-04/schema#"
_NAMED = {"$defs": "definitions", "dependentRequired": "dependencies"}
_MAPS = frozenset({"properties", "patternProperties", "$defs"})
_LISTS = frozenset({"anyOf", "allOf", "oneOf"})
_ONES = frozenset({"not", "items", "additionalProperties"})
_AS_THEY_ARE = frozenset(
    {
        "title", "description", "default", "enum", "type", "format", "pattern", "required", "multipleOf", "maximum",
        "minimum", "maxLength", "minLength", "maxItems", "minItems", "uniqueItems", "maxProperties", "minProperties",
        "dependentRequired",
    }
)  # fmt: skip
_DROPPED = frozenset({"$schema", "$id", "$comment", "examples", "deprecated", "readOnly", "writeOnly"})
"""They say nothing about what is valid. An id is left out: some readers of draft-04 then lose its references."""


def draft04(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same schema in draft-04. Raises ValueError where it uses what draft-04 cannot say."""
    return {**_schema(schema), "$schema": _DRAFT_04}


def _part(schema: Any) -> dict[str, Any]:
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    return _schema(schema)


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    turned: dict[str, Any] = {}
    for word, value in schema.items():
        turned.update(_word(word, value))
    if "$ref" in turned and len(turned) > 1:
        # Draft-04 reads nothing beside a reference.
        reference = {"$ref": turned.pop("$ref")}
        turned["allOf"] = [reference, *turned.get("allOf", [])]
    return turned


def _word(word: str, value: Any) -> dict[str, Any]:
    if word in _DROPPED:
        return {}
    if word in _MAPS:
        return {_NAMED.get(word, word): {name: _part(part) for name, part in value.items()}}
    if word in _LISTS:
        return {word: [_part(part) for part in value]}
    if word in _ONES:
        return {word: value if word == "additionalProperties" and isinstance(value, bool) else _part(value)}
    if word in _TURNED:
        return _TURNED[word](value)
    if word not in _AS_THEY_ARE:
        raise ValueError(f"draft-04 has no {word}")
    return {_NAMED.get(word, word): value}


_TURNED: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "$ref": lambda value: {"$ref": value.replace("#/$defs/", "#/definitions/")},
    "const": lambda value: {"enum": [value]},
    "exclusiveMinimum": lambda value: {"minimum": value, "exclusiveMinimum": True},
    "exclusiveMaximum": lambda value: {"maximum": value, "exclusiveMaximum": True},
    "prefixItems": lambda value: {"items": [_part(part) for part in value]},
}
"""Words that are said in another way. `items` beside `prefixItems` has no twin and is not used here."""
