"""Every call that a page names is one that a service answers."""

import json
import re
from pathlib import Path

import pytest
from django.urls import Resolver404, resolve
from tests.docs.reading import PROJECT, blocks, code_spans, pages

_CALL = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/[^\s?]*)")
_PAGE = re.compile(r"/(?:[a-z-]+/)+")
_CURL = re.compile(r"(?:-X (?P<method>[A-Z]+) )?http://127\.0\.0\.1:800\d(?P<path>/[^\s\"'?]*)")
REFERENCE = PROJECT / "docs" / "reference"
SERVICES = ("marketplace", "host")
# The page of style also shows addresses as they should not be.
PAGES = [page for page in pages() if page.name != "STYLE.md"]


def _calls(page: Path) -> set[tuple[str, str]]:
    """Method and path; what stands in braces may be named otherwise."""
    found = {match.groups() for span in code_spans(page) for match in _CALL.finditer(span)}
    for block in blocks(page):
        if block.language == "sh":
            found |= {(m["method"] or "GET", m["path"]) for m in _CURL.finditer(block.text)}
    return {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in found}


def _known() -> list[tuple[str, re.Pattern[str]]]:
    """Method and a pattern of the path: a page may name a parameter or give an example of it."""
    known = []
    for name in ("marketplace-api.json", "host-api.json", "wire.json"):
        for path, methods in json.loads((REFERENCE / name).read_text(encoding="utf-8"))["paths"].items():
            pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
            known += [(method.upper(), pattern) for method in methods]
    return known


def _is_mounted(path: str) -> bool:
    for service in SERVICES:
        try:
            resolve(path.replace("{}", "x"), urlconf=f"tradepost.server.urls.{service}")
        except Resolver404:
            continue
        return True
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_call_that_a_page_names_is_one_that_a_service_answers(page: Path) -> None:
    known = _known()
    wrong = [
        f"{method} {path}"
        for method, path in sorted(_calls(page))
        if not any(method == known_method and pattern.fullmatch(path) for known_method, pattern in known)
        and (path.startswith(("/api/", "/wire/")) or not _is_mounted(path))
    ]

    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_address_of_a_page_is_one_that_a_service_has(page: Path) -> None:
    named = [span for span in code_spans(page) if _PAGE.fullmatch(span) and span not in {"/api/", "/wire/", "/rest/"}]

    assert [path for path in named if not _is_mounted(path)] == []
