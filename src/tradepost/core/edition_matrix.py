"""The matrix of a descriptor's modules against edition, license and viewer. Source: domain.md 7.3, 7.5."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradepost.core.document import DEFAULT_LIMITS, DocumentLimits, read_document
from tradepost.core.edition_matrix_findings import Finding, Rule, find_suspicious
from tradepost.core.edition_matrix_places import TextPlace, find_places
from tradepost.core.edition_matrix_rows import ModuleRow, kinds_not_drawn, rows_of
from tradepost.core.edition_matrix_shows import Cell, Row, Shows
from tradepost.core.edition_matrix_situations import EDITIONS, SITUATIONS, Situation, Viewer, edition_word
from tradepost.core.errors import Problem

__all__ = [
    "EDITIONS",
    "SITUATIONS",
    "Cell",
    "EditionMatrix",
    "Finding",
    "ModuleRow",
    "Row",
    "Rule",
    "Shows",
    "Situation",
    "TextPlace",
    "Viewer",
    "check_editions",
    "draw_matrix",
    "edition_word",
    "license_word",
]


@dataclass(frozen=True, slots=True)
class EditionMatrix:
    """Who sees which module, and what is suspicious about it. With problems nothing could be read.

    `paid` says whether the descriptor has `enableLicensing: true`. `not_drawn` are module types without a place here
    and without conditions. `places` says where the findings stand, as far as there is a text.
    """

    app: str
    paid: bool
    rows: tuple[ModuleRow, ...]
    not_drawn: tuple[str, ...]
    findings: tuple[Finding, ...]
    places: Mapping[str, TextPlace]
    problems: tuple[Problem, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The shape that the command prints."""
        return {
            "app": self.app,
            "paid": self.paid,
            "modules": [_row_json(row) for row in self.rows],
            "not_drawn": list(self.not_drawn),
            "warnings": [_finding_json(finding, self.places) for finding in self.findings],
            "problems": [{"pointer": problem.pointer, "text": problem.text} for problem in self.problems],
        }


def check_editions(raw: bytes, *, limits: DocumentLimits = DEFAULT_LIMITS) -> EditionMatrix:
    """The matrix of the descriptor in the bytes. Never raises: what keeps it from being read stands in `problems`.

    Whether the descriptor could be listed is not asked, so that one under construction can be checked.
    """
    document, problems = read_document(raw, limits=limits)
    if problems or document is None:
        return EditionMatrix("", False, (), (), (), {}, problems)
    return draw_matrix(document, text=raw.decode("utf-8"))


def draw_matrix(document: Mapping[str, Any], *, text: str = "") -> EditionMatrix:
    """The matrix of a parsed descriptor, and of the text it was parsed from where there is one."""
    rows = rows_of(document)
    paid = document.get("enableLicensing") is True
    findings = find_suspicious(document, rows, paid=paid)
    places = find_places(text, (finding.pointer for finding in findings)) if text else {}
    key = document.get("key")
    return EditionMatrix(
        key if isinstance(key, str) else "", paid, rows, kinds_not_drawn(document, rows), findings, places
    )


def license_word(*, licensed: bool) -> str:
    """What a license is called in matrices."""
    return "active" if licensed else "inactive"


def _row_json(row: ModuleRow) -> dict[str, object]:
    shows: dict[str, dict[str, dict[str, str]]] = {}
    for situation in SITUATIONS:
        of_license = shows.setdefault(license_word(licensed=situation.licensed), {})
        of_edition = of_license.setdefault(edition_word(situation.edition), {})
        of_edition[situation.viewer.value] = row.row[situation].shows.value
    return {
        "type": row.kind,
        "key": row.key,
        "name": row.name,
        "pointer": row.pointer,
        "supported": row.supported,
        "shows": shows,
        "depends_on": list(row.depends_on),
    }


def _finding_json(finding: Finding, places: Mapping[str, TextPlace]) -> dict[str, object]:
    place = places.get(finding.pointer)
    return {
        "rule": finding.rule,
        "type": finding.kind,
        "module": finding.module,
        "pointer": finding.pointer,
        "line": None if place is None else place.line,
        "column": None if place is None else place.column,
        "text": finding.text,
        "fix": finding.fix,
    }
