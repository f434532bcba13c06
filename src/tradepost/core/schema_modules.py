"""The part of the descriptor's schema that tells of modules and their conditions. Source: protocol.md 7.2, 7.3."""

from typing import Any

from tradepost.core.condition_names import PREDEFINED, Form, Param
from tradepost.core.module import LONGEST_KEY, LONGEST_TEXT, Opens
from tradepost.core.module_address import LONGEST_URL
from tradepost.core.module_kinds import KINDS, Kind, Place
from tradepost.core.schema_words import END, any_case, one_of_words, or_null, present, ref

_INNER = r"[^{\x00-\x20\x7f\\]"
_URL_CHARACTERS = rf"(?:\{{[^}}]*\}}|{_INNER})*(?:\{{[^}}\x00-\x20\x7f\\]*)?{END}"
"""Anything visible but backslashes, and variables in braces, in which anything may stand."""

_HOST = rf"{any_case('http')}[sS]?://"
_URL = rf"^(?:(?={_HOST})|(?![a-zA-Z][a-zA-Z0-9+.-]*:)(?!//)){_URL_CHARACTERS}"
_PRIMITIVE = ["string", "number", "boolean"]


def define_modules() -> dict[str, Any]:
    """The definitions that module types refer to."""
    return {
        "text": {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT},
        "words": _words(),
        "url": {
            "description": "Relative to baseUrl, or on its origin. May hold variables such as {issue.key}.",
            "type": "string",
            "maxLength": LONGEST_URL,
            "pattern": _URL,
        },
        "module": _module(),
        "target": _target(),
        "conditions": _conditions(),
        "condition": _condition(),
        **{kind.name: _kind(kind) for kind in KINDS.values()},
    }


def describe_kinds() -> dict[str, Any]:
    """Module type -> one module or a list of them."""
    return {
        name: {"anyOf": [{"type": "array", "items": ref(name)}, {"allOf": [{"type": "object"}, ref(name)]}]}
        for name in KINDS
    }


def _words() -> dict[str, Any]:
    text = {"type": "string", "maxLength": LONGEST_TEXT}
    return {
        "description": "Text, plain or with a key for its translations.",
        "anyOf": [text, {"type": "object", "required": ["value"], "properties": {"value": text}}],
    }


def _module() -> dict[str, Any]:
    key = {"type": "string", "pattern": f"^[a-zA-Z0-9-]+{END}", "maxLength": LONGEST_KEY}
    return {
        "type": "object",
        "properties": {
            "key": or_null(key),
            "name": or_null(ref("words")),
            "tooltip": or_null(ref("words")),
            "location": or_null(ref("text")),
            "event": or_null(ref("text")),
            "weight": {"type": ["integer", "null"]},
            "params": {"type": ["object", "null"]},
            "conditions": ref("conditions"),
        },
    }


def _kind(kind: Kind) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [ref("module"), present(*(name for name in kind.needs if name != "url"))]
    if kind.url_in_target:
        address = {"type": "object", **present("url"), "allOf": [{"properties": {"url": ref("url")}}]}
        return {"allOf": [*parts, {"properties": {"target": {"allOf": [ref("target"), address]}}}]}
    if kind.place is not Place.SECTION:
        parts.append({"properties": {"url": or_null(ref("url"))}})
    if kind.place is Place.ITEM:
        context = or_null(one_of_words("addon", "product", "page"))
        parts.append({"properties": {"context": context, "target": or_null(ref("target"))}})
        parts.append({"anyOf": [present("url"), _opens(Opens.DIALOG_MODULE)]})
    elif "url" in kind.needs:
        parts.append(present("url"))
    return {"allOf": parts}


def _target() -> dict[str, Any]:
    return {
        "description": "How it opens.",
        "type": "object",
        "properties": {"type": or_null(one_of_words(*Opens)), "options": {"type": ["object", "null"]}},
    }


def _opens(opens: Opens) -> dict[str, Any]:
    target = {"type": "object", "required": ["type"], "properties": {"type": one_of_words(opens)}}
    return {"required": ["target"], "properties": {"target": target}}


def _conditions() -> dict[str, Any]:
    return {
        "description": "When the module shows: all of a list, or one condition.",
        "anyOf": [{"type": "array", "items": ref("condition")}, ref("condition"), {"type": "null"}],
    }


def _condition() -> dict[str, Any]:
    several = {"type": "array", "minItems": 1, "items": ref("condition")}
    upright = {"invert": {"enum": [False, None]}}
    older = {"conditions": several, "type": one_of_words("and", "or")}
    return {
        "description": "One condition by name, or several that must all hold (and) or of which one must hold (or).",
        "type": "object",
        "oneOf": [
            {"required": ["condition"], "allOf": [_single(), *_params()]},
            {"required": ["and"], "properties": {"and": several, **upright}},
            {"required": ["or"], "properties": {"or": several, **upright}},
            {"required": ["conditions"], "properties": {**older, **upright}},
        ],
    }


def _single() -> dict[str, Any]:
    remote = {"pattern": f"^(?:{any_case('http')}[sS]?:|/)"}
    return {
        "not": {"anyOf": [{"required": [name]} for name in ("and", "or", "conditions")]},
        "properties": {
            "condition": {"type": "string", "not": remote},
            "invert": {"type": ["boolean", "null"]},
            "params": {"type": ["object", "null"]},
        },
    }


def _params() -> list[dict[str, Any]]:
    """What the supported names take: one rule for every list of parameters that several names share."""
    names: dict[tuple[Param, ...], list[str]] = {}
    for known in PREDEFINED.values():
        if known.supported and known.params:
            names.setdefault(known.params, []).append(known.name)
    return [{"anyOf": [_other_than(same), _with_params(params)]} for params, same in names.items()]


def _other_than(names: list[str]) -> dict[str, Any]:
    return {"properties": {"condition": {"not": {"enum": names}}}}


def _with_params(params: tuple[Param, ...]) -> dict[str, Any]:
    required = [param.name for param in params if param.required]
    fields = {param.name: _param(param) if param.required else or_null(_param(param)) for param in params}
    given: dict[str, Any] = {"properties": fields}
    if not required:
        return {"properties": {"params": given}}
    return {"required": ["params"], "properties": {"params": {"type": "object", "required": required, **given}}}


def _param(param: Param) -> dict[str, Any]:
    if param.form is Form.PATH:
        return {"type": _PRIMITIVE, "pattern": rf"^[^.]+(?:\.[^.]+)*{END}"}
    one = {"type": _PRIMITIVE}
    if param.form is Form.TEXTS:
        return {"anyOf": [one, {"type": "array", "items": {"type": [*_PRIMITIVE, "null"]}}]}
    return one
