"""Every command and every line of Python in the documentation is run, or says why it is only shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.reading import PROJECT, Block, blocks, pages

SHELLS = {"sh", "console"}
WITH_COMMANDS = [page for page in pages() if any(block.language in SHELLS | {"python"} for block in blocks(page))]
SECONDS = 60


def _name(page: Path) -> str:
    return str(page.relative_to(PROJECT))


@pytest.mark.parametrize("page", pages(), ids=_name)
def test_every_block_names_its_language_and_whether_it_runs(page: Path) -> None:
    for block in blocks(page):
        assert block.language, f"{block.place}: a fenced block names its language (`text` where there is none)"
        if block.language in SHELLS:
            assert block.mode in {"run", "shown"}, f"{block.place}: write ```{block.language} run or shown"
        assert bool(block.shown) == (block.mode == "shown"), (
            f"{block.place}: a block that is only shown has `<!-- shown: why -->` on the line before it, no other has"
        )


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=_name)
def test_the_commands_and_programs_of_a_page_do_what_it_says(page: Path, tmp_path: Path) -> None:
    names: dict[str, object] = {"__name__": "__page__"}
    for block in blocks(page):
        if block.file:
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            exec(compile("\n" * block.line + block.text, block.place, "exec"), names)  # noqa: S102  our own pages
        elif block.mode == "run":
            _run(block, tmp_path)


def _run(block: Block, folder: Path) -> None:
    """Commands of a page share a folder. In a console, lines without `$ ` are what must come out."""
    is_console = block.language == "console"
    lines = block.text.splitlines()
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")] if is_console else lines
    expected = [line for line in lines if not line.startswith("$ ")] if is_console else []
    outcome = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
        check=False,
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert outcome.returncode == 0, f"{block.place} ended with {outcome.returncode}:\n{outcome.stderr}"
    if expected:
        printed = [line.rstrip() for line in outcome.stdout.splitlines()]
        assert printed == [line.rstrip() for line in expected], block.place


def _environment(home: Path) -> dict[str, str]:
    """An empty home, and the commands of the environment that runs these tests."""
    programs = str(Path(sys.executable).parent)
    return {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(home), "LANG": "C.UTF-8", "COLUMNS": "100"}
