"""Manifests of deployed apps with a Connect part, and the descriptors they came from."""

import copy

DESCRIPTOR = {
    "key": "com.example.poll",
    "baseUrl": "https://poll.example.com",
    "authentication": {"type": "jwt"},
    "lifecycle": {"installed": "/installed"},
    "scopes": ["READ", "WRITE"],
    "modules": {"webPanels": [{"key": "poll", "name": {"value": "Poll"}, "url": "/poll", "location": "right"}]},
}
MANIFEST = {
    "app": {
        "id": "ari:cloud:ecosystem::app/poll-1",
        "connect": {"key": "com.example.poll", "remote": "connect", "authentication": "jwt"},
    },
    "remotes": [{"key": "connect", "baseUrl": "https://poll.example.com"}],
    "permissions": {"scopes": ["read:connect-jira", "write:connect-jira"]},
    "connectModules": {
        "jira:lifecycle": [{"key": "events", "installed": "/installed"}],
        "jira:webPanels": [{"key": "poll", "name": {"value": "Poll"}, "url": "/poll", "location": "right"}],
    },
}


def descriptor(**fields):
    return {**copy.deepcopy(DESCRIPTOR), **fields}


def manifest(**parts):
    """The manifest with parts put in place, named by their path: `app__licensing={"enabled": True}`; None removes."""
    found = copy.deepcopy(MANIFEST)
    for name, value in parts.items():
        *path, last = name.split("__")
        node = found
        for step in path:
            node = node.setdefault(step, {})
        node[last] = value
        if value is None:
            del node[last]
    return found
