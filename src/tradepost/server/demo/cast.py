"""The people and programs of the story, and how they look at things."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tradepost.server.demo.clock import StoryClock
from tradepost.server.demo.rest import Rest
from tradepost.server.demo.transcript import Transcript
from tradepost.server.demo.vendor_desk import Desk
from tradepost.server.house import House


@dataclass(frozen=True, slots=True)
class SiteEyes:
    """One site, through the eyes of its administrator."""

    name: str
    site: str
    email: str
    rest: Rest

    def app(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.rest.get(f"/api/1/sites/{self.site}/apps/{key}")
        return found

    def runs(self, key: str) -> str | None:
        return self.app(key)["running"]

    def itself(self) -> dict[str, Any]:
        found: dict[str, Any] = self.rest.get(f"/api/1/sites/{self.site}")
        return found

    def request(self, state: str) -> dict[str, Any] | None:
        """Return the newest request for consent in that state."""
        items = self.rest.get(f"/api/1/sites/{self.site}/approvals?state={state}")["items"]
        return items[0] if items else None

    def decide(self, decision: str) -> None:
        """Answer the request that waits, for exactly what it shows."""
        request = self.request("waiting")
        assert request, f"nothing waits for {self.email}"
        answer = {"decision": decision, "fingerprint": request["fingerprint"]}
        self.rest.put(f"/api/1/approvals/{request['id']}/decision", answer)


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody in the story. `key` is the app it is about."""

    vendor: Rest
    operator: Rest
    sample: Rest
    mail: Rest
    vendor_email: str
    sites: tuple[SiteEyes, ...]
    clock: StoryClock
    paper: Transcript
    descriptor_url: str
    key: str
    desk: Desk

    def site(self, name: str) -> SiteEyes:
        return next(site for site in self.sites if site.name == name)

    def listing(self) -> dict[str, Any]:
        found: dict[str, Any] = self.vendor.get(f"/api/1/listings/{self.key}")
        return found

    def versions(self) -> list[dict[str, Any]]:
        """Return the versions, the newest first."""
        items: list[dict[str, Any]] = self.vendor.get(f"/api/1/listings/{self.key}/versions")["items"]
        return items

    def newest(self) -> dict[str, Any]:
        return self.versions()[0]

    def version(self, number: str) -> dict[str, Any]:
        found: dict[str, Any] = self.vendor.get(f"/api/1/listings/{self.key}/versions/{number}")
        return found

    def change(self, do: str) -> None:
        """Let the vendor change the descriptor."""
        self.sample.post("/control/changes", {"do": do})

    def behave(self, **behaviour: str) -> None:
        """Let the vendor's server behave as told."""
        self.sample.put("/control/behaviour", behaviour)

    def mails(self, to: str, containing: str = "") -> list[dict[str, Any]]:
        """Return the mails to a person whose subject contains a text, the oldest first."""
        found = self.mail.get(f"/messages?to={to}")
        messages = found["messages"] if isinstance(found, dict) else found
        wanted = [m for m in messages if containing.lower() in m["subject"].lower()]
        return sorted(wanted, key=lambda message: str(message["id"]).zfill(12))

    def mail_text(self, message: dict[str, Any]) -> str:
        return str(self.mail.get(f"/messages/{message['id']}")["text"])

    def calls_received(self) -> list[dict[str, Any]]:
        found = self.sample.get("/control/received")
        return found["received"] if isinstance(found, dict) else found

    def waiting_review(self) -> dict[str, Any] | None:
        items = self.operator.get("/api/1/reviews?state=waiting")["items"]
        return next((item for item in items if item["app"] == self.key), None)


def cast_of(house: House, paper: Transcript) -> Cast:
    """Return the cast of a running, seeded house."""
    rows = json.loads((house.var / "sign-ins.json").read_text(encoding="utf-8"))
    by_role = {row["role"]: row for row in rows}
    sites = tuple(
        SiteEyes(role.rpartition(" ")[2], row["site"], row["email"], Rest(house.host_url, row["token"]))
        for role, row in by_role.items()
        if row["site"]
    )
    operator = Rest(house.marketplace_url, by_role["operator"]["token"])
    host_operator = Rest(house.host_url, by_role["operator"]["token"])
    sample = Rest(house.sample_url)

    def note(now: datetime) -> None:
        paper.at(now)

    return Cast(
        vendor=Rest(house.marketplace_url, by_role["vendor"]["token"]),
        operator=operator,
        sample=sample,
        mail=Rest(house.mail_url),
        vendor_email=by_role["vendor"]["email"],
        sites=sites,
        clock=StoryClock(operator, host_operator, note),
        paper=paper,
        descriptor_url=f"{house.sample_url}/atlassian-connect.json",
        key=sample.get("/atlassian-connect.json")["key"],
        desk=Desk(house.var / "desk", house.marketplace_url, by_role["vendor"]["token"]),
    )


def forget_sign_ins(var: Path) -> None:
    """Remove the file with the tokens of a house that is gone."""
    (var / "sign-ins.json").unlink(missing_ok=True)
