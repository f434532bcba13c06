"""The module types that have a place in the product. Source: protocol.md 7.2 and 4; others are kept and ignored."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Place(StrEnum):
    """Where a module stands in the product."""

    PAGE = "a page of its own"
    PANEL = "a panel on a page"
    ITEM = "a link on a page"
    SECTION = "a group of links"
    DIALOG = "a dialog that others open"
    EVENT = "a call when something happens"


@dataclass(frozen=True, slots=True)
class Kind:
    """One supported module type.

    `needs` are its required fields. `location` stands in for a missing one. A `single` type holds one object by its
    nature. `url_in_target` ones have their address in `target`.
    """

    name: str
    place: Place
    needs: tuple[str, ...] = ("key", "name", "url")
    location: str = ""
    single: bool = False
    url_in_target: bool = False

    @property
    def framed(self) -> bool:
        """Whether it is a page of the app in a frame. Links may lead to one but are none."""
        return self.place in {Place.PAGE, Place.PANEL, Place.DIALOG}


_ISSUE_CONTEXT = "atl.jira.view.issue.right.context"
_NEEDS_TARGET = ("key", "name", "target")
_NEEDS_LOCATION = ("key", "name", "url", "location")

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind("generalPages", Place.PAGE, location="system.top.navigation.bar"),
            Kind("adminPages", Place.PAGE, location="advanced_menu_section/advanced_section"),
            Kind("configurePage", Place.PAGE, single=True),
            Kind("postInstallPage", Place.PAGE, single=True),
            Kind("jiraProjectPages", Place.PAGE),
            Kind("jiraProjectAdminTabPanels", Place.PAGE, _NEEDS_LOCATION),
            Kind("jiraProfileTabPanels", Place.PAGE),
            Kind("webPanels", Place.PANEL, _NEEDS_LOCATION),
            Kind("jiraIssueContexts", Place.PANEL, _NEEDS_TARGET, location=_ISSUE_CONTEXT, url_in_target=True),
            Kind("jiraIssueGlances", Place.PANEL, _NEEDS_TARGET, location=_ISSUE_CONTEXT, url_in_target=True),
            Kind("jiraIssueContents", Place.PANEL, _NEEDS_TARGET, location="atl.jira.view.issue.left.context",
                 url_in_target=True),
            Kind("webItems", Place.ITEM, ("name", "url", "location")),
            Kind("webSections", Place.SECTION, ("key", "name", "location")),
            Kind("dialogs", Place.DIALOG, ("key", "url")),
            Kind("webhooks", Place.EVENT, ("event", "url")),
        )
    }
)  # fmt: skip
"""Name -> the type. A glance is the older twin of the issue context and stands in the same place."""
