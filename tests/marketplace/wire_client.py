"""A host service that speaks the wire contract to the marketplace under test."""

import json
import uuid
from datetime import UTC, datetime

from django.test import Client

APP = "com.example.app"
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def site_id(number):
    return uuid.UUID(int=number)


class WireHost:
    """Sends messages with a credential, and numbers its reports as a host service does."""

    def __init__(self, credential):
        self.credential = credential
        self._client = Client()
        self._sequence = 0

    def post(self, path, message):
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        return self._client.post(path, body, content_type="application/json", headers=self._headers())

    def get(self, path, **query):
        return self._client.get(path, query, headers=self._headers())

    def check(self, *sites):
        """`sites` are (number, version) or (number, {app: version})."""
        told = []
        for number, running in sites:
            apps = running if isinstance(running, dict) else {APP: running}
            installations = [{"app": app, "version": version} for app, version in apps.items()]
            told.append(
                {
                    "site": str(site_id(number)),
                    "base_url": f"http://site{number}.test",
                    "name": f"Site {number}",
                    "installations": installations,
                }
            )
        return self.post("/wire/1/checks", {"sites": told})

    def report(self, *reports):
        return self.post("/wire/1/reports", {"reports": list(reports)})

    def says(self, number, running, state="current", **more):
        """One report, newer than all before unless `sequence` says otherwise."""
        self._sequence += 1
        told = {
            "id": str(uuid.uuid4()),
            "sequence": self._sequence,
            "site": str(site_id(number)),
            "app": APP,
            "running": running,
            "state": state,
            "at": AT.isoformat(),
            "since": AT.isoformat(),
        }
        return told | more

    def _headers(self):
        return {"Authorization": f"Bearer {self.credential}"} if self.credential else {}


def pairs(answer):
    """The offers of an answer as {site number: version}."""
    assert answer.status_code == 200, answer.content
    return {uuid.UUID(offer["site"]).int: offer["version"] for offer in answer.json()["offers"]}
