"""The browser that the browser tests drive."""

import pytest
from playwright.sync_api import sync_playwright

from tradepost.testing import chromium


@pytest.mark.slow
def test_the_browser_opens_a_page_and_runs_its_script():
    path = chromium.find_or_install_chromium()

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=chromium.launch_arguments())
        page = browser.new_page()
        page.goto("data:text/html,<h1>closed</h1><script>document.querySelector('h1').innerText='open'</script>")
        heading = page.inner_text("h1")
        browser.close()

    assert heading == "open"


def test_without_a_browser_and_without_rights_the_command_is_said(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(chromium.NoBrowserError, match="apt-get install --yes --no-install-recommends chromium"):
        chromium.find_or_install_chromium()


def test_the_browser_on_the_path_is_taken(monkeypatch, tmp_path):
    (tmp_path / "chromium-browser").write_text("#!/bin/sh\n")
    (tmp_path / "chromium-browser").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert chromium.find_or_install_chromium() == tmp_path / "chromium-browser"
