"""A site with people, a project, and apps whose pages are served by real servers on other loopback addresses."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.host.embedding.apps import serving_pages
from tests.host.embedding.stagehands import Theatre, make_theatre

from tradepost.testing import chromium


@pytest.fixture
def theatre(db: None) -> Theatre:
    """A site with a project, an administrator, a user, and no app yet. Nothing is served."""
    return make_theatre()


# Not for the session: while Playwright runs, its loop is the running one of this thread, and others' tests want none.
@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    # The driver's loop stands in the thread of the tests, and Django takes that for a mistake of theirs.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium.find_or_install_chromium(), args=chromium.launch_arguments()
        )
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def house(live_server: Any, transactional_db: None, settings: Any, chrome: Browser) -> Iterator[Theatre]:
    """The same site on a real port, with two apps of different origins, to be looked at in Chromium."""
    settings.ROOT_URLCONF = "tradepost.server.urls.host"
    made = make_theatre(live_server.url)
    made.chrome = chrome
    with serving_pages("127.0.0.2") as first, serving_pages("127.0.0.3") as second:
        made.first, made.second = first, second
        yield made
        made.close()
