"""The house keeps its own rules; and each rule, shown a planted breach, finds it."""

import shutil
import subprocess
import sys

import pytest
from tests.tidy import rules


def _all(rule, project, files):
    found = []
    for file in files:
        path = str(file.relative_to(project))
        found += rule(path, file.read_text(encoding="utf-8"))
    return "\n".join(map(str, found))


def test_core_imports_the_standard_library_only_and_of_it_nothing_that_acts(project):
    assert _all(rules.find_impure_imports, project, rules.python_files(project, "src/tradepost/core")) == ""


@pytest.mark.parametrize(
    "line",
    [
        "import django",
        "import os",
        "from pathlib import Path",
        "import time",
        "import random, json",
        "from tradepost.foundation import clock",
        "def f():\n    import socket",
        "import urllib.request",
        "import tradepost",
    ],
)
def test_an_impure_import_is_found(line):
    assert [str(found) for found in rules.find_impure_imports("core/x.py", line)] != []


@pytest.mark.parametrize(
    "line",
    ["from .scopes import expand", "from tradepost.core import scopes", "import re", "from urllib.parse import quote"],
)
def test_a_pure_import_is_let_through(line):
    assert list(rules.find_impure_imports("core/x.py", line)) == []


def test_no_file_is_longer_than_can_be_read_at_once(project):
    assert _all(rules.find_long_file, project, rules.python_files(project, "src", "tests")) == ""


def test_a_long_file_is_found():
    assert list(rules.find_long_file("x.py", "\n" * rules.MOST_LINES)) == []
    assert [found.line for found in rules.find_long_file("x.py", "\n" * (rules.MOST_LINES + 1))] == [401]


def test_no_function_is_longer_than_a_screen(project):
    assert _all(rules.find_long_functions, project, rules.python_files(project, "src", "tests")) == ""


def test_a_long_function_is_found():
    body = "    pass\n" * (rules.MOST_FUNCTION_LINES - 1)

    assert list(rules.find_long_functions("x.py", f"async def f():\n{body}")) == []
    assert [
        str(found) for found in rules.find_long_functions("x.py", f"class A:\n  async def f():\n{body}    pass\n")
    ] == ["x.py:2: f has 76 lines: split it where a name appears"]


def test_names_say_something(project):
    assert _all(rules.find_foggy_names, project, rules.python_files(project, "src")) == ""


@pytest.mark.parametrize(
    "source",
    [
        "def process(): ...",
        "class SiteManager: ...",
        "class Service: ...",
        "def _handle_info(): ...",
        "class A:\n  def data(self): ...",
    ],
)
def test_a_name_that_says_nothing_is_found(source):
    assert len(list(rules.find_foggy_names("x.py", source))) == 1


def test_a_module_name_that_says_nothing_is_found():
    assert len(list(rules.find_foggy_names("host/utils.py", ""))) == 1


@pytest.mark.parametrize("source", ["def database(): ...", "class HostService: ...", "def processed(): ..."])
def test_a_name_that_only_looks_like_one_is_let_through(source):
    assert list(rules.find_foggy_names("x.py", source)) == []


def test_nothing_ties_the_repository_to_one_machine_or_registry(project):
    found = []
    for file in rules.tracked_files(project):
        text = file.read_bytes().decode("utf-8", errors="replace")
        found += rules.find_strangers(str(file.relative_to(project)), text)

    assert "\n".join(map(str, found)) == ""


@pytest.mark.parametrize(
    "pieces",
    [
        ("see /", "work/main/x"),
        ('"/', 'home/ann/x"'),
        ("from /", "root/.x"),
        ("https://", "pypi.", "org/simple"),
        ('"resolved": "https://registry.', "npmjs.", 'org/x"'),
        ("--extra-", "index-url https://x"),
    ],
)
def test_a_trace_of_one_machine_or_registry_is_found(pieces):
    assert len(list(rules.find_strangers("x", "".join(pieces)))) == 1


@pytest.mark.parametrize("text", ["https://app.test/work/items", "var/lib/root/x", "the root/leaf", "$HOME/x"])
def test_what_only_looks_like_a_trace_is_let_through(text):
    assert list(rules.find_strangers("x", text)) == []


def test_no_modules_import_each_other_in_a_ring():
    assert rules.find_cycle("tradepost") == []


def test_a_ring_of_imports_is_found_even_within_functions(tmp_path, monkeypatch):
    (tmp_path / "ring").mkdir()
    (tmp_path / "ring" / "__init__.py").touch()
    (tmp_path / "ring" / "one.py").write_text("from ring import two\n")
    (tmp_path / "ring" / "two.py").write_text("def late():\n    from ring import one\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert set(rules.find_cycle("ring")) == {"ring.one", "ring.two"}


PLANTED = {
    "core/planted.py": "import django\n",
    "core/planted_one.py": "from tradepost.core import planted_two\n",
    "core/planted_two.py": "from tradepost.core import planted_one\n",
    "cli/planted.py": "import tradepost.host\nimport tradepost.foundation\n",
    "host/planted/__init__.py": "",
    "host/planted/queries.py": "from tradepost.host.planted import commands\n",
    "host/planted/commands.py": "",
}


def test_every_contract_of_imports_catches_what_is_planted_against_it(project, tmp_path):
    ignored = shutil.ignore_patterns("__pycache__", "static", "templates")
    shutil.copytree(project / "src", tmp_path / "src", ignore=ignored)
    shutil.copy(project / "pyproject.toml", tmp_path)
    for name, source in PLANTED.items():
        (tmp_path / "src/tradepost" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "src/tradepost" / name).write_text(source)

    program = "import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports_command as lint; lint()"
    outcome = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )

    assert "Contracts: 0 kept, 5 broken." in outcome.stdout, outcome.stdout + outcome.stderr
