"""Draws docs/reference/limits.md: every limit on what comes from outside, with its unit, from where it stands."""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path

from tradepost.foundation.configuration import Limits
from tradepost.testing.draw_settings import LIMITS, variable

HEAD = """# Limits

Drawn from the code by `python -m tradepost.testing.draw`; a test fails when this page is out of date. Everything that
comes from outside has a limit. Some are [settings](settings.md), the others belong to a format or keep a page
readable.
"""


@dataclass(frozen=True, slots=True)
class Constant:
    """One limit that is no setting: `place` is `module:NAME` or `module:Class.field`."""

    place: str
    unit: str
    text: str

    @property
    def value(self) -> str:
        module, _, name = self.place.partition(":")
        owner, _, field = name.partition(".")
        found = getattr(importlib.import_module(f"tradepost.{module}"), owner)
        return _shown(getattr(found(), field) if field else found, self.unit)


DOCUMENTS = (
    Constant("core.document:DocumentLimits.max_bytes", "bytes", "a document"),
    Constant("core.document:DocumentLimits.max_depth", "levels", "objects and arrays inside each other"),
    Constant("core.document:DocumentLimits.max_items", "values", "values in one document"),
    Constant("core.listing:ListingPolicy.max_key_length", "characters", "an app key"),
    Constant("core.listing:ListingPolicy.max_api_version", "", "the highest `apiVersion`"),
    Constant("core.listing:ListingPolicy.max_scopes", "scopes", "scopes in one descriptor"),
    Constant("core.listing:ListingPolicy.max_scope_length", "characters", "the name of one scope"),
    Constant("core.listing:ListingPolicy.max_modules", "modules", "modules in one descriptor"),
    Constant("core.addresses:_LONGEST_BASE_URL", "characters", "`baseUrl`"),
    Constant("core.addresses:_LONGEST_PATH", "characters", "a path in a descriptor"),
    Constant("core.addresses:_LONGEST_HOST", "characters", "a host name"),
    Constant("core.version:_BUILD_PART_MAX", "", "minor and patch up to which a version has a build number"),
    Constant("core.document:_MOST_PROBLEMS_OF_A_KIND", "problems", "problems of one kind that are told"),
    Constant("core.document:_LONGEST_SHOWN", "characters", "a document's own text in a message"),
    Constant("core.changes:_MOST_FIELDS_NAMED", "fields", "changed fields of a module that a reason names"),
)
CALLS = (
    Constant("foundation.outgoing.addresses:MAX_ADDRESS_LENGTH", "characters", "an address that is called"),
    Constant("foundation.outgoing.client:MAX_ADDRESSES", "addresses", "addresses of one name that are tried"),
    Constant("foundation.outgoing.messages:DEFAULT_MAX_BYTES", "bytes", "an answer, where nothing else is said"),
    Constant("foundation.outgoing.exchange:MAX_HEADERS", "headers", "headers of an answer"),
    Constant("foundation.outgoing.exchange:MAX_HEADER_BYTES", "bytes", "one header of an answer"),
)
SERVICES = (
    Constant("foundation.web:LONGEST_ADDRESS", "characters", "the path and query of a request to us"),
    Constant("foundation.rest:LONGEST_CURSOR", "characters", "the place where a page of a list begins"),
    Constant("foundation.tokens:LONGEST_LIFE", "", "the life of an API token"),
    Constant("foundation.tokens:MOST_TOKENS", "tokens", "live API tokens of one person"),
    Constant("foundation.mail:MOST_ATTEMPTS", "attempts", "tries to deliver a mail before it is given up"),
    Constant("foundation.mail:LONGEST_PAUSE", "", "pause between two tries to deliver a mail"),
    Constant("wire.messages:MOST_SITES", "sites", "sites in one check"),
    Constant("wire.messages:MOST_REPORTS", "reports", "reports in one message"),
    Constant("sdk.tokens:MAX_TOKEN_LENGTH", "characters", "a signed token that an app reads"),
)
TIMES = (
    Constant("core.window:LONGEST_WINDOW", "", "a maintenance window"),
    Constant("core.window:MAX_WINDOW_WAIT", "", "waiting for maintenance windows"),
)


SOURCE = Path(__file__).resolve().parents[1]
FOLDERS = ("core", "wire", "foundation", "marketplace", "host")
NOT_FROM_OUTSIDE = {"foundation.rest:MOST_ROWS"}
"""What looks like a limit of its own and is the value of a setting."""

_LIMIT = re.compile(r"_?(?:MOST|MAX|LONGEST|LARGEST)_[A-Z_]+|[A-Z_]+_MAX")


def draw() -> str:
    """Return the page."""
    return "\n".join(
        [
            HEAD,
            "## Settings\n",
            "| name | default | unit | is for |",
            "|---|---|---|---|",
            *_settings(),
            "",
            *_section("Documents", DOCUMENTS),
            *_section("Calls to strangers", CALLS),
            *_section("Requests to us", SERVICES),
            *_section("Times", TIMES),
            *_section("Others", tuple(_others())),
        ]
    )


def _others() -> Iterator[Constant]:
    """Every constant that is named like a limit and stands in none of the groups, with what its source says of it."""
    told = {each.place for group in (DOCUMENTS, CALLS, SERVICES, TIMES) for each in group} | NOT_FROM_OUTSIDE
    for folder in FOLDERS:
        for path in sorted((SOURCE / folder).rglob("*.py")):
            module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
            for name, text in _limits_in(path.read_text(encoding="utf-8")):
                if f"{module}:{name}" not in told:
                    yield Constant(f"{module}:{name}", "", text)


def _limits_in(source: str) -> Iterator[tuple[str, str]]:
    """A limit's meaning is the text below it, or the comment beside it or above it."""
    lines, body = source.splitlines(), ast.parse(source).body
    for statement, after in zip(body, [*body[1:], None], strict=False):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        if isinstance(target, ast.Name) and _LIMIT.fullmatch(target.id):
            yield target.id, _text_below(after) or _comment(lines, statement.lineno - 1)


def _text_below(statement: ast.stmt | None) -> str:
    value = statement.value if isinstance(statement, ast.Expr) else None
    text = value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""
    return " ".join(text.split())


def _comment(lines: list[str], number: int) -> str:
    beside = re.search(r"#\s+(?!noqa)(.+)$", lines[number])
    if beside:
        return beside[1]
    above = lines[number - 1] if number else ""
    return above.removeprefix("# ") if above.startswith("# ") else ""


def _settings() -> Iterator[str]:
    for field in fields(Limits):
        unit, text = LIMITS[field.name]
        default = _shown(field.default, "")
        yield f"| `{variable('limit_' + field.name)}` | {default} | {unit} | {text} |"


def _section(title: str, constants: tuple[Constant, ...]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| at most | is for | stands in |"
    yield "|---|---|---|"
    for each in constants:
        yield f"| {each.value} | {each.text} | `{each.place}` |"
    yield ""


def _shown(value: object, unit: str) -> str:
    if isinstance(value, timedelta):
        return f"{value.days} days" if value >= timedelta(days=2) else f"{value / timedelta(hours=1):g} h"
    number = f"{value:,}".replace(",", "_") if isinstance(value, int) else f"{value:g}"  # type: ignore[str-format]
    return f"{number} {unit}".rstrip()
