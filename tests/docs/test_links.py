"""Links lead somewhere, and files that are named exist."""

import re
from pathlib import Path

import pytest
from tests.docs.reading import PROJECT, anchors, code_spans, links, pages

_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+\.(?:py|md|json|jsonl|toml|in|lock|html|css|js)")


def _name(page: Path) -> str:
    return str(page.relative_to(PROJECT))


@pytest.mark.parametrize("page", pages(), ids=_name)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading_that_exist(page: Path) -> None:
    for target in links(page):
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.exists(), f"{_name(page)} links to {target}, which is not there"
        assert path.is_relative_to(PROJECT), f"{_name(page)} links to {target}, outside the checkout"
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{_name(page)} links to {target}, but there is no such heading"


@pytest.mark.parametrize("page", pages(), ids=_name)
def test_every_source_file_that_a_page_names_exists(page: Path) -> None:
    places = (PROJECT, PROJECT / "src" / "tradepost", page.parent)
    for span in code_spans(page):
        if _PATH.fullmatch(span):
            assert any((place / span).exists() for place in places), f"{_name(page)} names {span}, which is not there"


def test_every_page_can_be_reached_from_the_readme_or_the_index_of_docs() -> None:
    reached, to_read = set(), [PROJECT / "README.md", PROJECT / "docs" / "README.md"]
    while to_read:
        page = to_read.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        to_read += [(page.parent / target.partition("#")[0]).resolve() for target in links(page)]
    lost = [_name(page) for page in pages() if page not in reached and page.is_relative_to(PROJECT / "docs")]

    assert not lost, f"link to these, for example from docs/README.md: {lost}"
