"""The page of parts (ADR 7) names everything that Tradepost runs on, under the licence it comes with."""

import re
from importlib.metadata import metadata

import pytest
from tests.docs.reading import PROJECT

PAGE = (PROJECT / "docs" / "adr" / "0007-parts-chosen.md").read_text(encoding="utf-8")
ROWS = {
    cells[0]: cells[1:]
    for line in PAGE.splitlines()
    if len(cells := [cell.strip() for cell in line.strip().strip("|").split("|")]) == 4
}


def _parts() -> list[str]:
    lines = (PROJECT / "requirements" / "runtime.in").read_text(encoding="utf-8").splitlines()
    return [re.match(r"[\w.-]+", line)[0].lower() for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("part", _parts())
def test_a_part_has_a_line_with_the_licence_it_declares(part: str) -> None:
    assert part in ROWS, f"docs/adr/0007-parts-chosen.md does not name {part}: a new dependency is a decision"
    told = metadata(part)
    declared = told["License-Expression"] or told["License"] or ""
    classified = " ".join(told.get_all("Classifier") or [])
    said = ROWS[part][0]

    assert said == declared or _family(said) in f"{declared} {classified}", f"{part}: {said} is not {declared}"


def test_no_line_speaks_of_a_part_that_is_gone() -> None:
    assert set(ROWS) - {"part", "---"} == set(_parts())


def _family(licence: str) -> str:
    return {"MIT": "MIT License", "Apache-2.0": "Apache Software License"}.get(licence, licence)
