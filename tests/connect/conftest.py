"""A running house, three real apps beside it, people in Chromium, and the proxy by which apps act as users."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from tests.browser.people import DESK, PATIENCE, Notes, Person
from tests.connect.ace import App, install_packages, node_program, workshop
from tests.connect.watching import SiteWatch

from tradepost.foundation.clock import machine_now
from tradepost.server.databases import fresh_database
from tradepost.server.demo.cast import cast_of
from tradepost.server.demo.transcript import Transcript
from tradepost.server.house import House, running_house
from tradepost.server.ports import Address, find_free_port, find_free_ports
from tradepost.server.seed import PASSWORD
from tradepost.testing import chromium
from tradepost.testing.acting_proxy import ActingProxy, acting_proxy

expect.set_options(timeout=PATIENCE)
_NOISE = ("jQuery", "[ACJS] Feature flag service is not initialised")
"""What the bridge's library writes to the console of every page (protocol.md 6.3)."""


@pytest.fixture(scope="session")
def house(database_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The whole house, with the sign-ins of the seed; started when the first test asks for it."""
    with running_house(ports=find_free_ports(), var=tmp_path_factory.mktemp("connect-house")) as house:
        yield house


@pytest.fixture(scope="session")
def cast(house: House) -> Any:
    """Everybody's eyes and hands over REST."""
    return cast_of(house, Transcript(chapters=0))


@pytest.fixture(scope="session")
def packages(project: Path) -> Path:
    """The folder with the framework, installed by npm as it is pinned."""
    return install_packages(project)


@pytest.fixture(scope="session")
def proxy(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActingProxy]:
    """The way of apps to the tokens by which they act as users. No app may have asked it for anything else."""
    address = Address("127.0.0.1", find_free_port("127.0.0.1"))
    folder = tmp_path_factory.mktemp("proxy")
    with acting_proxy(listen=address, host_url=house.host_url, folder=folder, now=machine_now()) as proxy:
        yield proxy
        assert proxy.refused == []


@dataclass(frozen=True, slots=True)
class Makers:
    """Makes apps as their developers would set them up, by environment variables."""

    house: House
    proxy: ActingProxy
    node: str
    folder: Path
    database_url: str
    made: list[App]

    def common(self, site: str) -> dict[str, str]:
        return {
            "CONNECT_KEYS_CDN_URL": f"{self.house.host_url}/keys",
            "AC_HOST_WHITELIST": "127.0.0.1",
            "AC_HOST_SCRIPT_URL": f"{self.house.host_url}/{site}/atlassian-connect/all.js",
            "SCHEMA_HOST": f"{self.house.host_url}/schema/%s-global-schema.json",
            "HTTPS_PROXY": self.proxy.url,
            "NODE_EXTRA_CA_CERTS": str(self.proxy.certificate),
        }

    def in_development(self, name: str, host: str, *, site: str, by: str) -> App:
        """An app that installs itself on a site when it starts, and takes itself off it when it ends."""
        address = Address(host, find_free_port(host))
        place = self.house.host_url.removeprefix("http://")
        settings = {
            **self.common(site),  # without NODE_ENV: the framework's validator wants a package of its own makers then
            "DEVELOPMENT_SITE": f"http://{quote(by, safe='')}:{quote(PASSWORD, safe='')}@{place}/{site}",
        }
        return self._keep(App(self.folder / name, self.node, settings, address=address))

    def in_production(self, name: str, host: str, *, site: str) -> App:
        """An app as its vendor runs it, below a path, with a database."""
        address = Address(host, find_free_port(host))
        settings = {**self.common(site), "NODE_ENV": "production", "DB_URL": self.database_url}
        return self._keep(App(self.folder / name, self.node, settings, base_path="/team", address=address))

    def _keep(self, app: App) -> App:
        self.made.append(app)
        return app


@pytest.fixture(scope="module")
def make(house: House, proxy: ActingProxy, packages: Path, project: Path) -> Iterator[Makers]:
    """Where apps are made; they end with the module."""
    with workshop(packages) as folder, fresh_database("apps") as database_url:
        makers = Makers(house, proxy, node_program(project), folder, database_url, [])
        yield makers
        for app in makers.made:
            app.stop()


@pytest.fixture(scope="session")
def pictures(project: Path) -> Path:
    """The folder of pictures of real apps, which CI keeps."""
    folder = project / "var" / "screenshots" / "connect"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# Not for the session: while Playwright runs, its loop is the running one of this thread, and others' tests want none.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium.find_or_install_chromium()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=chromium.launch_arguments())
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def at(browser: Browser, pictures: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Return who sits down at a service. Afterwards nobody may have met any trouble, and a failure is pictured."""
    people: list[Person] = []

    def sit_down(home: str) -> Person:
        context = browser.new_context(viewport=DESK)
        context.set_default_timeout(PATIENCE)
        notes = Notes()
        notes.watch(context)
        people.append(Person(context.new_page(), home, notes, pictures))
        return people[-1]

    yield sit_down
    failed = getattr(request.node, "failed", False)
    for number, person in enumerate(people, start=1):
        if failed:
            person.page.screenshot(path=pictures / f"failed-{request.node.name}-{number}.png", full_page=True)
        person.page.context.close()
    troubles = [t for person in people for t in person.notes.troubles if not any(word in t for word in _NOISE)]
    assert failed or not troubles, "\n".join(troubles)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.failed and call.when == "call":
        item.failed = True
    return report


@pytest.fixture(scope="session")
def alpha(cast: Any) -> SiteWatch:
    """The site alpha over REST, as its administrator."""
    return SiteWatch(cast.site("alpha"), cast)


@pytest.fixture(scope="session")
def beta(cast: Any) -> SiteWatch:
    """Another site of the same house."""
    return SiteWatch(cast.site("beta"), cast)


@pytest.fixture(scope="session")
def gamma(cast: Any) -> SiteWatch:
    """A third one. No two modules put the same app on the same site: it would not begin at 1.0.0 there again."""
    return SiteWatch(cast.site("gamma"), cast)


@pytest.fixture
def ann(at: Any, house: House, alpha: SiteWatch) -> Person:
    """The administrator of alpha, signed in."""
    person = at(house.host_url)
    person.sign_in(alpha.eyes.email, PASSWORD)
    return person
