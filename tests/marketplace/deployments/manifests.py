"""Manifests for tests, as text, and a vendor that deploys them by REST."""

import copy

import yaml
from django.test import Client
from tests.foundation.people import token_for

APP_ID = "ari:cloud:ecosystem::app/poll-1"
KEY = "com.example.poll"
MANIFEST = {
    "app": {"id": APP_ID, "name": "Poll", "connect": {"key": KEY, "remote": "connect", "authentication": "jwt"}},
    "remotes": [{"key": "connect", "baseUrl": "http://127.0.0.2:9000/poll"}],
    "permissions": {"scopes": ["read:connect-jira"]},
    "connectModules": {
        "jira:lifecycle": [{"key": "events", "installed": "/installed"}],
        "jira:webPanels": [{"key": "poll", "name": {"value": "Poll"}, "url": "/poll", "location": "right"}],
    },
}


def manifest(**parts):
    """The manifest as text with parts put in place, named by their path: `app__name="X"`; None removes."""
    found = copy.deepcopy(MANIFEST)
    for name, value in parts.items():
        *path, last = name.split("__")
        node = found
        for step in path:
            node = node.setdefault(step, {})
        node[last] = value
        if value is None:
            del node[last]
    return yaml.safe_dump(found, sort_keys=False)


DESCRIPTOR = {
    "key": KEY,
    "name": "Poll",
    "baseUrl": "http://127.0.0.2:9000/poll",
    "authentication": {"type": "jwt"},
    "lifecycle": {"installed": "/installed"},
    "scopes": ["READ"],
    "modules": {"webPanels": [{"key": "poll", "name": {"value": "Poll"}, "url": "/poll", "location": "right"}]},
}


def descriptor(**fields):
    """The descriptor that the watched app has, with other values."""
    return {**copy.deepcopy(DESCRIPTOR), **fields}


MINOR = {"app__description": "Asks people."}
MAJOR = {"permissions__scopes": ["read:connect-jira", "write:connect-jira"]}
PAID = {"app__licensing": {"enabled": True}}
MOVED = {"remotes": [{"key": "connect", "baseUrl": "http://127.0.0.3:9000/poll"}]}


class Deploying:
    """Somebody with a token who deploys one app by REST."""

    def __init__(self, token, app=None):
        self._client = Client(headers={"authorization": f"Bearer {token}"})
        self.app = app

    @classmethod
    def of(cls, caller, *scopes, app=None):
        return cls(token_for(caller.user, *(scopes or ("apps:read", "apps:write"))), app)

    def call(self, method, path, body=None, **options):
        if body is not None:
            options |= {"data": body, "content_type": "application/json"}
        return getattr(self._client, method)(f"/api/1{path}", **options)

    def get(self, path, **options):
        return self.call("get", f"/deployed-apps/{self.app}{path}", **options)

    def post(self, path, body):
        return self.call("post", f"/deployed-apps/{self.app}{path}", body)

    def register(self, name="Poll", app_id=APP_ID, **body):
        answer = self.call("post", "/deployed-apps", {"name": name, "app_id": app_id, **body})
        if answer.status_code == 201:
            self.app = answer.json()["id"]
        return answer

    def deploy(self, text=None, *, environment="production", **options):
        body = {"environment": environment, "manifest": manifest() if text is None else text, **options}
        return self.post("/deployments", body)

    def deployed(self, text=None, **options):
        """Deploy, which has to work; return what it did."""
        answer = self.deploy(text, **options)
        assert answer.status_code == (200 if options.get("dry_run") else 201), answer.content
        return answer.json()

    def numbers(self, environment="production"):
        rows = self.get(f"/versions?environment={environment}&limit=100").json()["items"]
        return [(row["version"], row["state"]) for row in rows]
