"""The sample app's descriptor, and the changes a vendor makes to it."""

import copy
from collections.abc import Callable
from typing import Any

Document = dict[str, Any]
Change = Callable[[Document, Document], None]

DESCRIPTIONS = (
    "Keep notes besides your isues.",
    "Keep notes beside your issues.",
    "Keep notes right beside your issues.",
)
"""The first has two typos; each fix takes the next."""

MOVED_PATH = "/moved"
"""The app answers below this path as well, so that it can move its base URL while it runs."""


_ON_ADVANCED = {"condition": "capability_set", "params": {"value": "capabilityAdvanced"}}
_LICENSED = {"condition": "addon_is_licensed"}
EDITION_PANELS = (
    {
        "key": "advanced-panel",
        "name": {"value": "Advanced notes"},
        "url": "/advanced",
        "location": "atl.jira.view.issue.right.context",
        "conditions": [_LICENSED, _ON_ADVANCED],
    },
    {
        "key": "standard-panel",
        "name": {"value": "Standard notes"},
        "url": "/standard",
        "location": "atl.jira.view.issue.right.context",
        "conditions": [_LICENSED, _ON_ADVANCED | {"invert": True}],
    },
)
"""A site without an edition is on Standard as far as the app goes, so the second says "not Advanced"."""


class UnknownChangeError(Exception):
    """Nobody knows that change, or it lacks what it needs."""


def first_descriptor(*, key: str, name: str, base_url: str) -> Document:
    """What a new vendor lists."""
    return {
        "key": key,
        "name": name,
        "description": DESCRIPTIONS[0],
        "vendor": {"name": "Sample Vendor", "url": base_url},
        "baseUrl": base_url,
        "authentication": {"type": "jwt"},
        "lifecycle": {event: f"/{event}" for event in ("installed", "uninstalled", "enabled", "disabled")},
        "apiVersion": 1,
        "enableLicensing": False,
        "scopes": ["READ"],
        "modules": {
            "webPanels": [
                {
                    "key": "notes-panel",
                    "name": {"value": "Notes"},
                    "url": "/panel?revision=1",
                    "location": "atl.jira.view.issue.right.context",
                }
            ],
            "generalPages": [{"key": "all-notes", "name": {"value": "All notes"}, "url": "/page"}],
        },
    }


def changed(document: Document, do: str, arguments: Document) -> Document:
    """The document after a change. Raises UnknownChangeError."""
    if do not in CHANGES:
        known = ", ".join(CHANGES)
        raise UnknownChangeError(f"There is no change {do!r}; there are {known}.")
    after = copy.deepcopy(document)
    try:
        CHANGES[do](after, arguments)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as problem:
        raise UnknownChangeError(f"The present descriptor has no place for {do!r}.") from problem
    return after


def _change_panel(document: Document, _arguments: Document) -> None:
    panel = document["modules"]["webPanels"][0]
    path, _, revision = panel["url"].partition("?revision=")
    panel["url"] = f"{path}?revision={int(revision or 0) + 1}"


def _add_scope(document: Document, arguments: Document) -> None:
    scope = str(arguments.get("scope", "WRITE"))
    if scope not in document["scopes"]:
        document["scopes"].append(scope)


def _drop_scope(document: Document, arguments: Document) -> None:
    document["scopes"].remove(str(arguments.get("scope", "WRITE")))


def _fix_typo(document: Document, _arguments: Document) -> None:
    present = document.get("description")
    following = DESCRIPTIONS.index(present) + 1 if present in DESCRIPTIONS else 0
    document["description"] = DESCRIPTIONS[following % len(DESCRIPTIONS)]


def _make_paid(document: Document, _arguments: Document) -> None:
    document["enableLicensing"] = True


def _offer_editions(document: Document, _arguments: Document) -> None:
    """Two panels of which a licensed site sees one, a page that shows what was told, and the event."""
    document["enableLicensing"] = True
    modules = document["modules"]
    known = {module["key"] for module in modules["webPanels"]}
    modules["webPanels"] += [panel for panel in EDITION_PANELS if panel["key"] not in known]
    if all(page["key"] != "told" for page in modules["generalPages"]):
        modules["generalPages"].append({"key": "told", "name": {"value": "What I was told"}, "url": "/told"})
    modules["webhooks"] = [{"event": "license.changed", "url": "/license-changed"}]


def _make_free(document: Document, _arguments: Document) -> None:
    document["enableLicensing"] = False


def _raise_api_version(document: Document, _arguments: Document) -> None:
    document["apiVersion"] = document["apiVersion"] + 1


def _lower_api_version(document: Document, _arguments: Document) -> None:
    document["apiVersion"] = document["apiVersion"] - 1


def _change_key(document: Document, arguments: Document) -> None:
    document["key"] = str(arguments.get("key", document["key"] + "-2"))


def _move(document: Document, arguments: Document) -> None:
    present = document["baseUrl"]
    there_and_back = present.removesuffix(MOVED_PATH) if present.endswith(MOVED_PATH) else present + MOVED_PATH
    document["baseUrl"] = str(arguments.get("baseUrl", there_and_back))


CHANGES: dict[str, Change] = {
    "change-panel": _change_panel,
    "add-scope": _add_scope,
    "drop-scope": _drop_scope,
    "fix-typo": _fix_typo,
    "make-paid": _make_paid,
    "make-free": _make_free,
    "offer-editions": _offer_editions,
    "raise-api-version": _raise_api_version,
    "lower-api-version": _lower_api_version,
    "change-key": _change_key,
    "move": _move,
}
