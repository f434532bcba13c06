"""Reading the YAML text of a manifest: every problem with its line and column, within limits, running nothing.

Aliases are followed by reference and counted as if they were filled in, so a "billion laughs" is refused while it is
still small. Scalars are read by the core schema of YAML 1.2 (`yes`, `on` and dates are text); merge keys work as in
YAML 1.1. Tags beyond those of the core schema are refused, and so is a second document.
"""

from collections.abc import Iterator

import yaml  # type: ignore[import-untyped]

from tradepost.core.document import DEFAULT_LIMITS, DocumentLimits
from tradepost.core.manifest import Manifest, PlacedProblem, ReadManifest, not_a_mapping
from tradepost.wire.manifest_text_building import MOST_PROBLEMS, Builder, StoppedError
from tradepost.wire.manifest_text_scalars import NOT_PRINTABLE

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C where PyYAML was built with it, forty times faster; both give the same events."""


def read_manifest(source: bytes | str, *, limits: DocumentLimits = DEFAULT_LIMITS) -> ReadManifest:
    """The manifest in the text; with problems there is none."""
    raw = source if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")
    if len(raw) > limits.max_bytes:
        return _refused(f"The manifest is larger than {limits.max_bytes} bytes.", "document.too_large")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _place(raw[: error.start].decode("utf-8"))
        return _refused(f"The manifest is not UTF-8 text (byte {error.start}).", "document.not_utf8", line, column)
    text = text.removeprefix("\ufeff")
    problems = tuple(_characters(text))
    return ReadManifest(None, problems) if problems else _built(text, limits)


def _built(text: str, limits: DocumentLimits) -> ReadManifest:
    builder = Builder(limits)
    problems: list[PlacedProblem] = builder.problems
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except StoppedError:
        pass
    except yaml.MarkedYAMLError as error:
        problems.append(_syntax(error, text))
    except yaml.YAMLError as error:
        problems.append(PlacedProblem("", f"This is not YAML: {error}", "manifest.not_yaml", 1, 1))
    if not problems and not isinstance(builder.root, dict):
        problems.append(not_a_mapping(builder.root))
    if problems or not isinstance(builder.root, dict):
        return ReadManifest(None, tuple(problems[:MOST_PROBLEMS]))
    return ReadManifest(Manifest(builder.root, builder.marks))


def _syntax(error: yaml.MarkedYAMLError, text: str) -> PlacedProblem:
    mark = error.problem_mark or error.context_mark
    # What is missing at the end is told of a line that is not there.
    line, column = min((mark.line + 1, mark.column + 1), _place(text)) if mark else (1, 1)
    what = ", ".join(part for part in (error.context, error.problem) if part)
    said = f"This is not YAML: {what} (line {line}, column {column})."
    return PlacedProblem("", said, "manifest.not_yaml", line, column)


def _characters(text: str) -> Iterator[PlacedProblem]:
    """Characters that no YAML text may hold, the first few of them."""
    for found, _ in zip(NOT_PRINTABLE.finditer(text), range(MOST_PROBLEMS), strict=False):
        line, column = _place(text[: found.start()])
        said = f"The character U+{ord(found.group()):04X} may not stand in a manifest."
        yield PlacedProblem("", said, "document.bad_text", line, column)


def _place(before: str) -> tuple[int, int]:
    """The line and column at which a text continues."""
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return len(lines), len(lines[-1]) + 1


def _refused(text: str, rule: str, line: int = 1, column: int = 1) -> ReadManifest:
    return ReadManifest(None, (PlacedProblem("", text, rule, line, column),))
