"""One word per thing: the words of the glossary are in use, and their synonyms are not."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.reading import PROJECT, pages

GLOSSARY = PROJECT / "docs" / "glossary.md"
SOURCE = PROJECT / "src" / "tradepost"
WORDS = """vendor app listing descriptor manifest module scope version build release offer site installation upgrade
rollout approval customer grant due wait lease attempt license edition condition
host service|maintenance window|lifecycle call|access token"""
BANNED = {
    "addon": "app",
    "plugin": "app",
    "extension": "app",
    "publisher": "vendor",
    "merchant": "vendor",
    "tenant": "site or installation",
    "licence": "license",
    "entitlement": "license",
    "blackout": "maintenance window",
    "proposal": "offer",
    "suggestion": "offer",
}
ON_THE_WIRE = {"PLUGINS_VERSION", "addon", "entitlement_id", "entitlement_number"}
"""Names that translate a word of the wire at the border, and so carry it."""
INSIDE_APPS = {"sdk": {"tenant"}, "testing": {"tenant"}}
"""An app, real or simulated, calls the installations that it serves its tenants, as apps do everywhere."""


def _entries() -> dict[str, str]:
    parts = re.split(r"^#+ (.+)$", GLOSSARY.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name.lower(): text for name, text in zip(parts[1::2], parts[2::2], strict=True) if "*Like*" in text}


def _words() -> list[str]:
    single, together = WORDS.rsplit("\n", 1)
    return [*single.split(), *together.split("|")]


@pytest.mark.parametrize("word", _words())
def test_every_word_of_the_design_is_explained_and_compared_with_something_from_everyday_life(word: str) -> None:
    assert word in _entries(), f"docs/glossary.md does not explain {word!r} with an everyday comparison (*Like* ...)"


def test_every_word_of_the_glossary_is_used_in_code_or_on_another_page_or_said_to_come_later() -> None:
    texts = [path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")]
    texts += [page.read_text(encoding="utf-8") for page in pages() if page != GLOSSARY]
    everything = re.sub(r"[_\s]+", " ", " ".join(texts)).lower()
    unused = [word for word, text in _entries().items() if word not in everything and "Comes later." not in text]

    assert unused == []


def test_no_name_in_the_code_uses_a_second_word_for_a_thing() -> None:
    wrong = [
        f"{path.relative_to(PROJECT)}: {name} (say {BANNED[word]})"
        for path in sorted(SOURCE.rglob("*.py"))
        if "migrations" not in path.parts
        for name in _names_given_in(path)
        for word in _parts_of(name)
        if word in BANNED and name not in ON_THE_WIRE and word not in INSIDE_APPS.get(_package(path), set())
    ]

    assert wrong == []


def test_no_template_uses_a_second_word_for_a_thing() -> None:
    wrong = [
        f"{path.relative_to(PROJECT)}: {word} (say {meant})"
        for path in sorted(SOURCE.rglob("*.html"))
        for word, meant in BANNED.items()
        if re.search(rf"\b{word}(?:s|ed|ing)?\b", path.read_text(encoding="utf-8"), re.IGNORECASE)
        if word not in INSIDE_APPS.get(_package(path), set())
    ]

    assert wrong == []


def _package(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0]


def _names_given_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _parts_of(name: str) -> Iterator[str]:
    for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name):
        word = part.lower()
        yield word if word in BANNED else word.removesuffix("s")
