"""The JSON Schema (draft 2020-12) of descriptors, made from the same tables by which a listing judges them.

It tells the shape only. What it cannot say is judged at listing: whose origin an address has, keys that stand twice,
how deep conditions are nested. Unknown fields and module types are allowed. Source: protocol.md 7.2.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from tradepost.core.listing import DEFAULT_LISTING_POLICY, LIFECYCLE_EVENTS, TEXT_LENGTHS
from tradepost.core.schema_draft import draft04
from tradepost.core.schema_modules import define_modules, describe_kinds
from tradepost.core.schema_words import END, any_case, ref

__all__ = ["descriptor_schema", "descriptor_schema_draft04", "draft04"]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_PATH_CHARACTERS = r"[!-\[\]^_a-z{|}~]*"
_NO_FRAGMENT = r"(?![\s\S]*#)"
_NO_EMPTY_SEGMENT = r"(?![^?]*//)"
_NO_DOTS = rf"(?!(?:[^?]*/)(?:\.|%2[eE]){{2}}(?:[/?]|{END}))"
_BASE_URL = rf"^{any_case('http')}[sS]?://[^/?#@\s]+(?:/[^?#\s]*)?{END}"
"""The parts that every reader agrees on; hosts, ports and places are judged at listing."""


@cache
def _schemas() -> tuple[dict[str, Any], dict[str, Any]]:
    schema = {"$schema": _DRAFT, **_root(), "$defs": {"path": _path(), **define_modules()}}
    return schema, draft04(schema)


def descriptor_schema() -> Mapping[str, Any]:
    """The schema in draft 2020-12. Do not change what is returned: it is made once."""
    return _schemas()[0]


def descriptor_schema_draft04() -> Mapping[str, Any]:
    """The same schema in draft-04, which the frameworks of apps read."""
    return _schemas()[1]


def _root() -> dict[str, Any]:
    policy = DEFAULT_LISTING_POLICY
    return {
        "title": "App descriptor",
        "description": "What an app says of itself. Fields that are not named here are allowed and have no effect.",
        "type": "object",
        "required": ["key", "baseUrl", "authentication"],
        "maxProperties": policy.max_members,
        "properties": {
            "key": {
                "description": "Names the app for ever.",
                "type": "string",
                "pattern": f"^[a-zA-Z0-9._-]+{END}",
                "maxLength": policy.max_key_length,
            },
            "baseUrl": {
                "description": "Everything else is relative to it.",
                "type": "string",
                "pattern": _BASE_URL,
                "maxLength": 200,
            },
            "authentication": _authentication(),
            **{name: {"type": "string", "maxLength": longest} for name, longest in TEXT_LENGTHS.items()},
            **_facts(),
            **{name: {"type": "object"} for name in ("links", "translations")},
            "vendor": {"type": "object", "properties": {"name": {"type": "string"}, "url": {}}},
            "apiMigrations": {"type": "object", "maxProperties": policy.max_members},
            "lifecycle": {
                "description": "Where the app is told what happens to it.",
                "type": "object",
                "maxProperties": policy.max_members,
                "properties": {event: ref("path") for event in sorted(LIFECYCLE_EVENTS)},
            },
            "modules": _modules(),
        },
        "anyOf": [_unsigned(), {"required": ["lifecycle"], "properties": {"lifecycle": {"required": ["installed"]}}}],
    }


def _authentication() -> dict[str, Any]:
    return {
        "description": "How calls are signed: jwt or none, in any letter case.",
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"type": "string", "pattern": f"^(?:{any_case('jwt')}|{any_case('none')}){END}"}},
    }


def _unsigned() -> dict[str, Any]:
    """With jwt, `lifecycle.installed` is required: there the app learns its secret."""
    none = {"pattern": f"^{any_case('none')}{END}"}
    return {"properties": {"authentication": {"properties": {"type": none}}}}


def _facts() -> dict[str, Any]:
    policy = DEFAULT_LISTING_POLICY
    scope = {"type": "string", "minLength": 1, "maxLength": policy.max_scope_length}
    return {
        "apiVersion": {
            "description": "The first part of the version number; missing and not positive count as 1.",
            "type": ["integer", "null"],
            "maximum": policy.max_api_version,
        },
        "scopes": {
            "description": "What the app asks to be allowed.",
            "type": ["array", "null"],
            "maxItems": policy.max_scopes,
            "items": scope,
        },
        "enableLicensing": {"description": "Whether the app is paid.", "type": ["boolean", "null"]},
    }


def _modules() -> dict[str, Any]:
    other = {"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}
    return {
        "description": "What the app adds to a site, by type. Types that are not named here have no effect.",
        "type": "object",
        "properties": describe_kinds(),
        "additionalProperties": other,
    }


def _path() -> dict[str, Any]:
    return {
        "description": "A path below baseUrl.",
        "type": "string",
        "maxLength": 500,
        "pattern": f"^{_NO_FRAGMENT}{_NO_EMPTY_SEGMENT}{_NO_DOTS}/{_PATH_CHARACTERS}{END}",
    }
