"""Draws docs/reference/wire.json and wire.md from the messages in tradepost.wire."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tradepost.wire.openapi import document

HEAD = """# Marketplace and host service: the wire

Drawn from `src/tradepost/wire` by `python -m tradepost.testing.draw`; a test fails when this page is out of date. The
same as an OpenAPI 3.1 document: [wire.json](wire.json).

The two services meet over HTTP and nowhere else. A host service enrols with a one-time code that an operator of the
marketplace made for it, and gets a credential of its own, which it then sends as `Authorization: Bearer`. It sees its
own sites and no others. The host asks. The marketplace calls a host service for one thing only: to tell it at once
that what its sites have licensed has changed (`POST` to `/wire/1/licenses` below the host's base URL). The header
`X-Tradepost-Signature` says `t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.` and the body, with the key `push:`
and the SHA-256 (hex) of the host's credential; five minutes either way are allowed.

* Unknown fields are ignored, so that either side may be newer. New fields come last and have defaults; a change of
  meaning is a new version of the contract, with another prefix.
* A report is sent until it is taken: at least once. `sequence` rises with every change of an installation, and what
  is not newer than what is known changes nothing.
* Times are ISO 8601 in UTC, and they are [domain time](../glossary.md#domain-time).
* Errors are problem details (RFC 9457): see [errors](errors.md).
"""


def draw() -> str:
    """Return the page for people."""
    contract = document()
    return "\n".join([HEAD, *_calls(contract), *_messages(contract["components"]["schemas"])])


def draw_json() -> str:
    """Return the OpenAPI document."""
    return json.dumps(document(), indent=2, ensure_ascii=False, sort_keys=False) + "\n"


def _calls(contract: Mapping[str, Any]) -> Iterator[str]:
    yield "## Calls\n"
    yield "| call | is for | sends | gets |"
    yield "|---|---|---|---|"
    for path, methods in contract["paths"].items():
        for method, call in methods.items():
            status, answer = next(iter(call["responses"].items()))
            got = _named(answer.get("content", {}))
            yield (
                f"| `{method.upper()} {path}` | {call['summary']} | {_named(_body(call)) or 'nothing'} "
                f"| {status}: {got or 'bytes'} |"
            )
    yield ""


def _body(call: Mapping[str, Any]) -> Mapping[str, Any]:
    content: Mapping[str, Any] = call.get("requestBody", {}).get("content", {})
    return content


def _named(content: Mapping[str, Any]) -> str:
    for kind in content.values():
        if "schema" in kind:
            return _kind(kind["schema"])
    return ""


def _messages(schemas: Mapping[str, Any]) -> Iterator[str]:
    yield "## Messages\n"
    for name, schema in schemas.items():
        yield f"### {name}\n"
        yield f"{' '.join(schema.get('description', '').split())}\n"
        yield "| field | what | default |"
        yield "|---|---|---|"
        required = set(schema.get("required", ()))
        for field, value in schema["properties"].items():
            default = "required" if field in required else f"`{json.dumps(value.get('default'))}`"
            yield f"| `{field}` | {_kind(value)} | {default} |"
        yield ""


def _kind(value: Mapping[str, Any]) -> str:
    """Return a type in words: `text`, `list of Offer`, `integer or null`, and its limits."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in value:
        return " or ".join(_kind(each) for each in value["anyOf"])
    if value.get("type") == "array":
        return f"list of {_kind(value['items'])}{_within(value, 'maxItems', 'at most {}')}"
    words = {"string": "text", "integer": "integer", "boolean": "true or false", "null": "null"}
    name = value.get("format") or words.get(str(value.get("type")), str(value.get("type")))
    return f"{name}{_within(value, 'maxLength', 'at most {} characters')}{_pattern(value)}"


def _within(value: Mapping[str, Any], key: str, text: str) -> str:
    return f" ({text.format(value[key])})" if key in value else ""


def _pattern(value: Mapping[str, Any]) -> str:
    return f", `{value['pattern']}`" if "pattern" in value else ""
