"""The running house, a browser, people in it, and sample apps of vendors."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from tests.browser.people import DESK, PATIENCE, Notes, Person

from tradepost.server.demo.cast import SiteEyes, cast_of
from tradepost.server.demo.rest import Rest
from tradepost.server.demo.transcript import Transcript
from tradepost.server.house import House, running_house
from tradepost.server.ports import Address, find_free_port, find_free_ports
from tradepost.server.seed import OPERATOR, PASSWORD, VENDOR
from tradepost.server.supervisor import Program, Supervisor, this_python
from tradepost.testing import chromium

expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True, slots=True)
class SampleApp:
    """An app of the sample vendor, a program of its own. `page` is where a person plays its vendor."""

    key: str
    name: str
    url: str

    @property
    def descriptor_url(self) -> str:
        return f"{self.url}/atlassian-connect.json"

    @property
    def page(self) -> str:
        return f"{self.url}/"


@pytest.fixture(scope="session")
def house(database_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The whole house, with the sign-ins of the seed; started when the first test asks for it."""
    with running_house(ports=find_free_ports(), var=tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture(scope="session")
def cast(house: House) -> Any:
    """Everybody's eyes and hands over REST, for what a journey needs to have happened before it."""
    return cast_of(house, Transcript(chapters=0))


@pytest.fixture(scope="session")
def pictures(project: Path) -> Path:
    """The folder of pictures of the main pages, which CI keeps."""
    folder = project / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# Not for the session: while Playwright runs, its loop is the running one of this thread, and others' tests want none.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium.find_or_install_chromium()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=chromium.launch_arguments())
        yield browser
        browser.close()


class Seats:
    """Where people sit down at a service, each with a browser of their own."""

    def __init__(self, browser: Browser, pictures: Path) -> None:
        self._browser = browser
        self._pictures = pictures
        self.people: list[Person] = []

    def __call__(self, home: str) -> Person:
        context = self._browser.new_context(viewport=DESK)
        context.set_default_timeout(PATIENCE)
        notes = Notes()
        notes.watch(context)
        person = Person(context.new_page(), home, notes, self._pictures)
        self.people.append(person)
        return person

    def photograph_failure(self, name: str) -> None:
        for number, person in enumerate(self.people, start=1):
            path = self._pictures / f"failed-{name}-{number}.png"
            person.page.screenshot(path=path, full_page=True)


@pytest.fixture
def at(browser: Browser, pictures: Path) -> Iterator[Seats]:
    """Return who sits down at a service. Afterwards nobody may have met any trouble."""
    seats = Seats(browser, pictures)
    yield seats
    for person in seats.people:
        person.page.context.close()
    troubles = [trouble for person in seats.people for trouble in person.notes.troubles]
    assert not troubles, "\n".join(troubles)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function, call: pytest.CallInfo[None]) -> Any:
    """Keep what everybody saw when a journey failed."""
    report = yield
    seats = item.funcargs.get("at") if hasattr(item, "funcargs") else None
    if report.failed and call.when != "teardown" and isinstance(seats, Seats):
        seats.photograph_failure(item.name)
    return report


@pytest.fixture
def vendor(at: Seats, house: House) -> Person:
    """Vera, signed in at the marketplace."""
    person = at(house.marketplace_url)
    person.sign_in(VENDOR, PASSWORD)
    return person


@pytest.fixture
def operator(at: Seats, house: House) -> Person:
    """Olga, signed in at the marketplace."""
    person = at(house.marketplace_url)
    person.sign_in(OPERATOR, PASSWORD)
    return person


@pytest.fixture(scope="session")
def alpha(cast: Any) -> SiteEyes:
    """The site alpha over REST, as its administrator."""
    return cast.site("alpha")


@pytest.fixture
def administrator(at: Seats, house: House, alpha: SiteEyes) -> Person:
    """Ann, signed in at the host service."""
    person = at(house.host_url)
    person.sign_in(alpha.email, PASSWORD)
    return person


_numbers = count(1)


@pytest.fixture
def sample(house: House, tmp_path: Path) -> Iterator[SampleApp]:
    """An app that nobody has listed yet; it ends with the test."""
    number = next(_numbers)
    address = Address("127.0.0.2", find_free_port("127.0.0.2"))
    app = SampleApp(f"browser-notes-{number}", f"Notes {number}", address.url)
    arguments = ["--listen", str(address), "--keys-url", f"{house.host_url}/keys", "--key", app.key, "--name", app.name]
    supervisor = Supervisor(tell=lambda _: None)
    try:
        supervisor.start(
            Program(
                name="sample app",
                command=this_python("tradepost.sdk.sample", *arguments),
                log=tmp_path / "sample.log",
                environment=house.environment,
                ready_url=app.url + "/healthz",
            )
        )
        yield app
    finally:
        supervisor.stop()


@pytest.fixture
def public_app(sample: SampleApp, cast: Any) -> SampleApp:
    """An app that is public already."""
    vendor: Rest = cast.vendor
    of = vendor.get("/api/1/vendors")["items"][0]["id"]
    vendor.post("/api/1/listings", {"vendor": of, "descriptor_url": sample.descriptor_url})
    vendor.put(f"/api/1/listings/{sample.key}/submission")
    waiting = cast.operator.get("/api/1/reviews?state=waiting")["items"]
    review = next(item["id"] for item in waiting if item["app"] == sample.key)
    cast.operator.put(f"/api/1/reviews/{review}/decision", {"decision": "approve", "comment": ""})
    return sample


@pytest.fixture
def installed_app(public_app: SampleApp, cast: Any, alpha: SiteEyes) -> SampleApp:
    """An app that runs on alpha already."""
    details = alpha.rest.get(f"/api/1/sites/{alpha.site}/catalogue/{public_app.key}")
    answer = {"app": public_app.key, "fingerprint": details["ask"]["fingerprint"]}
    alpha.rest.post(f"/api/1/sites/{alpha.site}/apps", answer)
    cast.clock.settle()
    assert alpha.runs(public_app.key) == "1.0.0"
    return public_app
