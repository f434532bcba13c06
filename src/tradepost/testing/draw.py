"""Redraws every page that is made from code: `python -m tradepost.testing.draw`.

With `--check` nothing is written; the exit status is 1 and the names of pages that are out of date are printed.
"""

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGES: Mapping[str, str] = {
    "states.md": "draw_states:draw",
    "rules.md": "draw_rules:draw_rules",
    "manifest-rules.md": "draw_manifest_rules:draw",
    "deployments.md": "draw_deployments:draw",
    "licenses.md": "draw_licenses:draw",
    "reference/license-channels.md": "draw_license_channels:draw",
    "reference/settings.md": "draw_settings:draw",
    "reference/limits.md": "draw_limits:draw",
    "reference/errors.md": "draw_errors:draw",
    "reference/records.md": "draw_records:draw",
    "reference/conditions.md": "draw_conditions:draw",
    "reference/descriptor-schema.json": "draw_conditions:draw_schema",
    "reference/wire.md": "draw_wire:draw",
    "reference/wire.json": "draw_wire:draw_json",
    "reference/marketplace-api.json": "draw_apis:draw_marketplace",
    "reference/host-api.json": "draw_apis:draw_host",
}
"""Page -> the function of tradepost.testing that returns its text."""


def main(arguments: list[str]) -> int:
    """Write or check the pages; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tradepost.testing.draw", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what is out of date")
    parser.add_argument("pages", nargs="*", help="only these, as they stand below docs/")
    asked = parser.parse_args(arguments)
    set_up()
    stale = [page for page in asked.pages or PAGES if is_stale(page)]
    for page in stale:
        if not asked.check:
            (DOCS / page).parent.mkdir(parents=True, exist_ok=True)
            (DOCS / page).write_text(drawn(page), encoding="utf-8")
        print(f"docs/{page} {'is out of date' if asked.check else 'was drawn anew'}")  # noqa: T201
    return 1 if stale and asked.check else 0


def is_stale(page: str) -> bool:
    """Whether the page is not what the code says now."""
    path = DOCS / page
    return not path.exists() or path.read_text(encoding="utf-8") != drawn(page)


def drawn(page: str) -> str:
    """Return the text of a page. Django must be set up."""
    module, _, function = PAGES[page].partition(":")
    draw: Callable[[], str] = getattr(importlib.import_module(f"tradepost.testing.{module}"), function)
    return draw()


def set_up() -> None:
    """Set Django up with both services and every setting at its default: pages show defaults, not this machine's."""
    import django

    for name in [name for name in os.environ if name.startswith("TRADEPOST_")]:
        del os.environ[name]
    os.environ.update(TRADEPOST_DEVELOPMENT="1", TRADEPOST_SERVICE="all")
    os.environ["DJANGO_SETTINGS_MODULE"] = "tradepost.server.settings"
    django.setup()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
