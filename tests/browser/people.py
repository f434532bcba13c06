"""People who walk through the house in a browser of their own, and what is noted about the pages they see."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Response, expect

PATIENCE = 30_000
"""Milliseconds after which a test gives up waiting for a page, on a machine that is busy."""
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
# Named by tag and class, the innermost first: what sticks out of the page and is not inside something that scrolls.
STICKING_OUT = """async () => {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const root = document.documentElement, wide = [];
  if (root.scrollWidth <= root.clientWidth) return [];
  for (const each of document.body.querySelectorAll("*")) {
    let place = each.parentElement;
    while (place && getComputedStyle(place).overflowX === "visible") place = place.parentElement;
    if (!place || place === root || place === document.body)
      if (each.getBoundingClientRect().right > root.clientWidth + 0.5) wide.push(each.outerHTML.slice(0, 120));
  }
  return [`the page is ${root.scrollWidth} px wide`, ...wide.reverse().slice(0, 8)];
}"""


@dataclass  # without slots: Playwright keeps a mark on whatever owns a method that listens
class Notes:
    """What one browser met that nobody should: errors on the console, failed requests, requests to strangers."""

    troubles: list[str] = field(default_factory=list)
    foreseen: set[int] = field(default_factory=set)

    def watch(self, context: BrowserContext) -> None:
        context.on("request", self.on_request)
        context.on("response", self.on_response)
        context.on("console", self.on_console)
        context.on("weberror", lambda error: self.troubles.append(f"a script failed: {error.error}"))

    def on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"data", "blob", "about"}:
            return
        if not ip_address(parts.hostname or "::").is_loopback:
            self.troubles.append(f"a request to a stranger: {request.url}")

    def on_response(self, response: Response) -> None:
        if response.status < 400:
            return
        is_foreseen = response.status in self.foreseen and response.request.is_navigation_request()
        if not is_foreseen:
            self.troubles.append(f"{response.request.method} {response.url} was answered {response.status}")

    def on_console(self, message: ConsoleMessage) -> None:
        # The browser also writes a line about every refusal, which is judged where the response is.
        is_refusal = message.text.startswith("Failed to load resource: the server responded")
        if message.type in {"error", "warning"} and not is_refusal:
            self.troubles.append(f"console {message.type}: {message.text} at {message.location.get('url')}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a browser of their own; `home` is the service they are at."""

    page: Page
    home: str
    notes: Notes
    pictures: Path

    def open(self, path: str, *, status: int = 200) -> None:
        """Go to an address of the service, or anywhere with a whole URL, and see it answered like that."""
        if status >= 400:
            self.notes.foreseen.add(status)
        response = self.page.goto(path if "://" in path else self.home + path)
        assert response is not None, path
        assert response.status == status, f"{path} was answered {response.status}"

    def foresee(self, status: int) -> None:
        """Say that a form will be refused with this status, so that its page is no trouble."""
        self.notes.foreseen.add(status)

    def sign_in(self, email: str, password: str) -> None:
        """Fill the form that is shown, or go to it first."""
        if not self.page.get_by_label("Password").count():
            self.open("/accounts/login/")
        self.page.get_by_label(re.compile("^e-?mail", re.IGNORECASE)).fill(email)
        self.page.get_by_label("Password").fill(password)
        self.main.get_by_role("button", name="Sign in").click()
        expect(self.page.locator(".account")).not_to_contain_text("Sign in")

    def choose(self, menu: str, entry: str) -> None:
        """Take an entry of a menu at the top right: a link, or the button that signs out."""
        box = self.page.locator(".account details", has=self.page.locator(f"summary:text-is('{menu}')"))
        box.locator("summary").click()
        box.get_by_role("link", name=entry).or_(box.get_by_role("button", name=entry)).click()

    def press(self, name: str) -> None:
        self.main.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.main.get_by_role("link", name=name, exact=True).first.click()

    def sees(self, *texts: str) -> None:
        """Wait for each text on the page."""
        for text in texts:
            expect(self.page.locator("body")).to_contain_text(text)

    def sees_not(self, *texts: str) -> None:
        for text in texts:
            expect(self.page.locator("body")).not_to_contain_text(text)

    def fact(self, name: str) -> Locator:
        """The value that stands beside a name in a list of facts."""
        return self.main.locator(f"dt:text-is('{name}') + dd").first

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    def photograph(self, name: str) -> None:
        """Keep the page as it is at a desk and on a phone, where nothing may stick out."""
        self.page.screenshot(path=self.pictures / f"{name}.png", full_page=True)
        self.page.set_viewport_size(PHONE)
        sticking_out = self.page.evaluate(STICKING_OUT)
        self.page.screenshot(path=self.pictures / f"{name}-phone.png", full_page=True)
        self.page.set_viewport_size(DESK)
        if sticking_out:
            self.notes.troubles.append(f"{name} does not fit a phone: {sticking_out}")
