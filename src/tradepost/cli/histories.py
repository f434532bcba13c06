"""Reading histories of descriptors and of manifests from JSON Lines, a line at a time."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from tradepost.cli.ending import complain
from tradepost.cli.reading import STANDARD_INPUT
from tradepost.cli.unreadable import UnreadableError
from tradepost.core.document import kind_of, parse_strictly
from tradepost.core.errors import ProblemsError
from tradepost.core.history import Parsed, Step, Text, walk_history
from tradepost.core.manifest import ReadManifest

_MANIFEST_FIELDS = frozenset({"manifest", "valid_yaml"})


class UnreadableLineError(Exception):
    """A line is no history; the message says why."""


@dataclass(slots=True)
class HistoryFile:
    """A file of histories, and what could not be read of it so far."""

    place: str
    unreadable_lines: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReplayedHistory:
    """A history that went through the rules; `commits` stand beside `steps`."""

    repo: object
    path: object
    commits: tuple[object, ...]
    steps: tuple[Step, ...]

    def to_json(self) -> dict[str, object]:
        """The shape that the command prints."""
        return {
            "repo": self.repo,
            "path": self.path,
            "steps": [
                {
                    "commit": commit,
                    "change": step.change.value,
                    "version": None if step.version is None else str(step.version),
                    "consent": step.consent,
                    "reasons": [reason.to_json() for reason in step.reasons],
                }
                for commit, step in zip(self.commits, self.steps, strict=True)
            ],
        }


def read_histories(file: HistoryFile) -> Iterator[ReplayedHistory]:
    """Each history of the file, replayed, in order. Lines that cannot be are told of and noted in `file`.

    Raises UnreadableError where the file itself cannot be read.
    """
    try:
        with _open(file.place) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield from _replay_line(file, number, line)
    except OSError as error:
        raise UnreadableError(f"cannot read {file.place}: {error.strerror or error}") from error


def _open(place: str) -> AbstractContextManager[BinaryIO]:
    if place == STANDARD_INPUT:
        return nullcontext(sys.stdin.buffer)
    if "\0" in place:
        raise UnreadableError(f"cannot read {place}: no file can have this name")
    return Path(place).open("rb")


def _replay_line(file: HistoryFile, number: int, line: bytes) -> Iterator[ReplayedHistory]:
    try:
        yield _replay(_parse(line))
    except UnreadableLineError as error:
        file.unreadable_lines.append(number)
        complain(f"{file.place}, line {number}: {error}")


def _parse(line: bytes) -> Mapping[str, Any]:
    try:
        record = parse_strictly(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UnreadableLineError("this is not UTF-8 text") from error
    except ProblemsError as error:
        raise UnreadableLineError(error.problems[0].text) from error
    if not isinstance(record, dict):
        raise UnreadableLineError(f"a history must be an object, not {kind_of(record)}")
    return record


def _replay(record: Mapping[str, Any]) -> ReplayedHistory:
    entries = _entries(record)
    manifests = any(_MANIFEST_FIELDS & entry.keys() for entry in (record, *entries))
    documents = [_document(entry, manifests=manifests) for entry in entries]
    return ReplayedHistory(
        repo=record.get("repo"),
        path=record.get("path"),
        commits=tuple(entry.get("commit") for entry in entries),
        steps=tuple(walk_history(documents)),
    )


def _entries(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The versions of a history; a record without `transitions` is one itself."""
    entries = record.get("transitions")
    if entries is None:
        entries = [record]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UnreadableLineError("transitions must be an array of objects")
    return entries


def _document(entry: Mapping[str, Any], *, manifests: bool) -> Text | Parsed | ReadManifest:
    """The text of a version where there is one, else its parsed value.

    `descriptor` is text where the file was not JSON; a valid file that holds a JSON string only is a value. Where
    `manifests` stand in the history, a version that names neither kind is one of them.
    """
    raw = entry.get("raw")
    if raw is not None and not isinstance(raw, str):
        raise UnreadableLineError(f"raw must be a string, not {kind_of(raw)}")
    if _MANIFEST_FIELDS & entry.keys() or (manifests and "descriptor" not in entry):
        return _manifest(entry, raw)
    if raw is not None:
        return Text(raw)
    if "descriptor" not in entry:
        raise UnreadableLineError("a version has neither raw nor descriptor")
    value = entry["descriptor"]
    return Text(value) if isinstance(value, str) and entry.get("valid_json") is not True else Parsed(value)


def _manifest(entry: Mapping[str, Any], raw: str | None) -> ReadManifest:
    """A manifest from its text, or from the value that the text was parsed to; then lines and columns are unknown."""
    from tradepost.wire.manifest_text import read_manifest

    if raw is None and "manifest" not in entry:
        raise UnreadableLineError("a version has neither raw nor manifest")
    value = entry.get("manifest")
    text = value if raw is None and isinstance(value, str) and entry.get("valid_yaml") is not True else raw
    return ReadManifest.of_value(value) if text is None else read_manifest(text)
