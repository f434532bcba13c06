"""Pages that are drawn from code say what the code says now, and everything in the code has its paragraph."""

import importlib
import re

import pytest
from tests.docs.reading import PROJECT

from tradepost.testing import draw


@pytest.mark.parametrize("page", draw.PAGES)
def test_a_drawn_page_is_up_to_date(page: str) -> None:
    assert not draw.is_stale(page), f"docs/{page} is out of date: run `python -m tradepost.testing.draw`"


@pytest.mark.parametrize("name", ["settings", "errors", "records"])
def test_everything_that_a_page_lists_has_a_meaning(name: str) -> None:
    gaps = importlib.import_module(f"tradepost.testing.draw_{name}").find_gaps()

    assert not gaps, f"say in src/tradepost/testing/draw_{name}.py what these mean, or take them away there: {gaps}"


def test_every_setting_is_read_under_the_name_on_the_page() -> None:
    from tradepost.foundation.configuration import read_configuration
    from tradepost.testing.draw_settings import POLICY

    page = (PROJECT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    names = re.findall(r"^\| `(TRADEPOST_(?:LIMIT|POLICY)_[A-Z_]+)`", page, flags=re.MULTILINE)
    read = read_configuration({"TRADEPOST_DEVELOPMENT": "1"} | dict.fromkeys(names, "1"))

    assert read.limits.document_bytes == 1
    assert {name.removeprefix("TRADEPOST_POLICY_").lower() for name in names if "_POLICY_" in name} == set(POLICY)
