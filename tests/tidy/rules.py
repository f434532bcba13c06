"""The house rules that no tool has, each a function from text to findings."""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

MOST_LINES = 400
MOST_FUNCTION_LINES = 75
# What the rules may use of the standard library: nothing that reads a clock, draws lots, or does input and output.
# zoneinfo may be a type of an argument; the zone itself is handed in.
CORE_MAY_IMPORT = frozenset(
    {
        "__future__", "abc", "base64", "bisect", "collections", "contextlib", "dataclasses", "datetime", "enum",
        "functools", "hashlib", "hmac", "ipaddress", "itertools", "json", "math", "numbers", "operator", "re",
        "string", "types", "typing", "unicodedata", "urllib.parse", "zoneinfo",
    }
)  # fmt: skip
# They say nothing about the thing named. "Host service" is a word of the field; a bare `service` is none.
FOG = frozenset(["manager", "helper", "helpers", "util", "utils", "service", "process", "handle", "data", "info"])
FOGGY_ENDS = re.compile(r"(?:Manager|Helper|Utils?|Info)$|_(?:manager|helpers?|utils?|info)$")
# One name each where somebody else chose it, with the reason.
GIVEN_NAMES: dict[str, str] = {
    "handle": "Django calls this method of a management command",
    "UserManager": "Django's word for what `User.objects` is",
}
# Written so that the patterns do not match themselves.
STRANGERS = {
    "a path of one machine": re.compile(r"(?<![\w.:/-])/(?:work|root|home/\w+|Users/\w+|opt)/[\w.]"),
    "the host of a package registry": re.compile(r"\b(?:pypi|npmjs|pythonhosted|yarnpkg)\.(?:org|com|io)\b"),
    "an option naming a package index": re.compile(r"--(?:extra-)?index-url[ =]|--find-links[ =]"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that breaks a rule, and what to do instead."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def find_impure_imports(path: str, source: str) -> Iterator[Finding]:
    """Find what core imports beyond the allow-list and itself."""
    for node in ast.walk(ast.parse(source)):
        for name in _imported(node):
            is_ours = name == "tradepost.core" or name.startswith("tradepost.core.")
            if not is_ours and name not in CORE_MAY_IMPORT and name.partition(".")[0] not in CORE_MAY_IMPORT:
                yield Finding(path, node.lineno, f"core imports {name}: hand the value in as an argument")


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""] if node.level == 0 else []
    return []


def find_long_file(path: str, source: str) -> Iterator[Finding]:
    """Find a file with more than 400 lines."""
    lines = len(source.splitlines())
    if lines > MOST_LINES:
        yield Finding(path, lines, f"{lines} lines: split it where a subject has a name ({MOST_LINES} at most)")


def find_long_functions(path: str, source: str) -> Iterator[Finding]:
    """Find functions with more than 75 lines, their decorators not counted."""
    for node in _named(source):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if not isinstance(node, ast.ClassDef) and lines > MOST_FUNCTION_LINES:
            yield Finding(path, node.lineno, f"{node.name} has {lines} lines: split it where a name appears")


def find_foggy_names(path: str, source: str) -> Iterator[Finding]:
    """Find functions, classes and modules whose name says nothing."""
    if _is_foggy(Path(path).stem):
        yield Finding(path, 1, f"the module {Path(path).stem} says nothing by its name")
    for node in _named(source):
        if _is_foggy(node.name) and node.name not in GIVEN_NAMES:
            yield Finding(path, node.lineno, f"{node.name} says nothing: name what it is or does")


def _is_foggy(name: str) -> bool:
    return name.strip("_").lower() in FOG or FOGGY_ENDS.search(name) is not None


def _named(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node


def find_strangers(path: str, text: str) -> Iterator[Finding]:
    """Find what ties a file to one machine or one registry."""
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in STRANGERS.items():
            if pattern.search(line):
                yield Finding(path, number, f"{what}: {line.strip()[:80]}")


def find_cycle(package: str) -> list[str]:
    """Return modules that import each other in a ring, or nothing; an import within a function counts, too."""
    graph = grimp.build_graph(package, cache_dir=None)
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def python_files(project: Path, *folders: str) -> list[Path]:
    """Return the Python files below these folders, without migrations, in order."""
    found = (file for folder in folders for file in (project / folder).rglob("*.py"))
    return sorted(file for file in found if "migrations" not in file.parts)


def tracked_files(project: Path) -> list[Path]:
    """Return the files that git keeps, which is what others get."""
    # A checkout may belong to somebody else than who runs the tests; only names are read here.
    command = ["git", "-c", "safe.directory=*", "-C", str(project), "ls-files", "-z"]
    names = subprocess.run(command, check=True, capture_output=True).stdout.decode().split("\0")
    return [project / name for name in names if name and (project / name).is_file()]
