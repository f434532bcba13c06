"""What tests see and do on one site over REST, as its administrator."""

from dataclasses import dataclass
from typing import Any

from tests.connect.ace import App, wait_for

from tradepost.server.demo.cast import Cast, SiteEyes
from tradepost.server.demo.rest import AnswerError


@dataclass(frozen=True, slots=True)
class SiteWatch:
    """One site, its administrator, and the house around it."""

    eyes: SiteEyes
    cast: Cast

    @property
    def name(self) -> str:
        return self.eyes.name

    @property
    def base_url(self) -> str:
        return f"{self.eyes.rest.url}/{self.name}"

    def path(self, key: str, *rest: str) -> str:
        return "/".join([f"/api/1/sites/{self.eyes.site}/apps/{key}", *rest])

    def state(self, key: str) -> str:
        """How the app stands on the site; empty when it is not there."""
        return str(self._app(key)["state"])

    def runs(self, key: str) -> str | None:
        running: str | None = self._app(key)["running"]
        return running

    def _app(self, key: str) -> dict[str, Any]:
        try:
            return self.eyes.app(key)
        except AnswerError as error:
            if error.status != 404:
                raise
        return {"state": "", "running": None}

    def wait_until_runs(self, app: App, number: str) -> None:
        wait_for(lambda: self.runs(app.key) == number, f"{app.name} on {self.name} does not come to {number}")

    def wait_until_gone(self, key: str) -> None:
        wait_for(lambda: self.state(key) in {"", "uninstalled"}, f"{key} stays on {self.name}: {self.state(key)}")

    def switch(self, key: str, *, on: bool) -> None:
        do = self.eyes.rest.put if on else self.eyes.rest.delete
        do(self.path(key, "activation"))

    def rotate(self, key: str) -> None:
        self.eyes.rest.put(self.path(key, "secret"))

    def uninstall(self, key: str) -> None:
        self.eyes.rest.delete(self.path(key))

    def install_from_marketplace(self, key: str) -> None:
        """Install what the marketplace lists, agreeing to what is shown."""
        details = self.eyes.rest.get(f"/api/1/sites/{self.eyes.site}/catalogue/{key}")
        answer = {"app": key, "fingerprint": details["ask"]["fingerprint"]}
        self.eyes.rest.post(f"/api/1/sites/{self.eyes.site}/apps", answer)

    def check_now(self) -> None:
        """Ask the marketplace for what is new, now."""
        self.eyes.rest.put(f"/api/1/sites/{self.eyes.site}/check")

    def poll_now(self, key: str) -> None:
        """Read the address of an app that the site has by it, now."""
        self.eyes.rest.put(self.path(key, "poll"))

    def waiting(self) -> dict[str, Any] | None:
        """The newest request for consent that waits."""
        return self.eyes.request("waiting")


def list_and_publish(cast: Cast, app: App) -> None:
    """List an app at the marketplace as its vendor, and approve it as the operator."""
    vendor = cast.vendor.get("/api/1/vendors")["items"][0]["id"]
    cast.vendor.post("/api/1/listings", {"vendor": vendor, "descriptor_url": app.descriptor_url})
    cast.vendor.put(f"/api/1/listings/{app.key}/submission")
    review(cast, app)


def review(cast: Cast, app: App) -> None:
    """Let the operator approve the review of the app that waits."""
    waiting = cast.operator.get("/api/1/reviews?state=waiting")["items"]
    number = next(item["id"] for item in waiting if item["app"] == app.key)
    cast.operator.put(f"/api/1/reviews/{number}/decision", {"decision": "approve", "comment": ""})
