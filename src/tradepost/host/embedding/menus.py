"""Menus of a site with what apps add to them: pages, links and groups of links, in the order of their weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tradepost.core.errors import InvalidInputError
from tradepost.core.module import Leads, Module, Opens, Place

from .addresses import link_address, page_address
from .queries import ShownModule, in_order, modules_of_kinds
from .scenes import Scene
from .stage import Stage, later_facts

DEEPEST = 3
"""Groups in groups; apps that nest deeper, or in circles, are cut off."""


@dataclass(frozen=True, slots=True)
class Menu:
    """A menu of the site: the locations apps know it by, and the types of pages that stand in it wherever they say."""

    locations: tuple[str, ...]
    kinds: tuple[str, ...] = ()


MENUS: Mapping[str, Menu] = MappingProxyType(
    {
        "top": Menu(("system.top.navigation.bar", "system.header", "system.header/left")),
        "admin": Menu(
            (
                "admin_plugins_menu",
                "advanced_menu_section",
                "system.admin",
                "system.admin.top.navigation.bar",
                "top_system_section",
            ),
            kinds=("adminPages",),
        ),
        "user": Menu(("system.user.options",)),
        "project": Menu(
            ("jira.project.sidebar.plugins.navigation", "jira.project.sidebar.navigation", "jira.project.pages"),
            kinds=("jiraProjectPages",),
        ),
        "project-admin": Menu(("atl.jira.proj.config",), kinds=("jiraProjectAdminTabPanels",)),
        "profile": Menu(("jira.profile.tabs",), kinds=("jiraProfileTabPanels",)),
    }
)
"""By the names that our pages use. Any other name is a location."""

BY_LOCATION: Mapping[str, Menu] = MappingProxyType(
    {
        "admin_plugins_menu": MENUS["admin"],
        "system.user.options/personal": MENUS["user"],
        "jira.project.pages": Menu(("jira.project.pages",), kinds=("jiraProjectPages",)),
        "atl.jira.proj.config": MENUS["project-admin"],
        "jira.profile.tabs": MENUS["profile"],
    }
)
"""Locations that stand for a whole menu, or hold types of pages that name no location."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a menu. `dialog` is what the scripts need to open it, None for a link; `entries` stand under it."""

    label: str
    app_name: str
    url: str = ""
    tooltip: str = ""
    is_elsewhere: bool = False
    dialog: dict[str, Any] | None = None
    entries: tuple["Entry", ...] = field(default=())


def has_dialogs(entries: Sequence[Entry]) -> bool:
    """Whether any entry opens a dialog, and so needs scripts."""
    return any(entry.dialog is not None or has_dialogs(entry.entries) for entry in entries)


def menu_entries(stage: Stage, name: str, scene: Scene) -> list[Entry]:
    """What apps add to a menu, for the viewer of the scene."""
    menu = MENUS.get(name) or BY_LOCATION.get(name) or Menu((name,))
    kinds = ("generalPages", "adminPages", "webItems", "webSections", *menu.kinds)
    shown = modules_of_kinds(stage.site, kinds, scene, apps=stage.apps)
    builder = _Builder(stage, scene, shown)
    own = [each for each in shown if each.module.kind in menu.kinds]
    return builder.build(menu.locations, own, 0)


class _Builder:
    """Builds one menu out of everything that shows in a scene."""

    def __init__(self, stage: Stage, scene: Scene, shown: Sequence[ShownModule]) -> None:
        self.stage, self.scene = stage, scene
        self.groups = [each for each in shown if each.module.place is Place.SECTION]
        self.rest = [each for each in shown if each.module.place is not Place.SECTION]
        self.taken: set[int] = set()

    def build(self, locations: Sequence[str], own: Sequence[ShownModule], depth: int) -> list[Entry]:
        """The entries at locations: groups with what stands in them, and what stands there alone."""
        groups = [each for each in self.groups if each.module.location in locations] if depth < DEEPEST else []
        made: list[tuple[ShownModule, Entry]] = []
        for group in groups:
            entries = self.build(_names_of(group, locations), (), depth + 1)
            if entries:
                made.append((group, Entry(group.module.name, group.app_name, entries=tuple(entries))))
        alone = [each for each in self.rest if _stands_at(each.module, locations) or each in own]
        for each in alone:
            if id(each) not in self.taken and (entry := self._entry(each, depth)) is not None:
                self.taken.add(id(each))
                made.append((each, entry))
        by_module = {id(each): entry for each, entry in made}
        return [by_module[id(each)] for each in in_order([each for each, _ in made])]

    def _entry(self, each: ShownModule, depth: int) -> Entry | None:
        below = self.build((each.module.key,), (), depth + 1) if each.module.key and depth < DEEPEST else []
        entry = make_entry(self.stage, each, self.scene)
        if entry is None or not below:
            return entry
        return Entry(entry.label, entry.app_name, entries=tuple(below))


def make_entry(stage: Stage, each: ShownModule, scene: Scene) -> Entry | None:
    """A link, or a button that opens a dialog; None for one that leads nowhere it may."""
    module = each.module
    label = module.name or module.key
    if module.place is Place.PAGE:
        url = page_address(stage.root, each.app_key, module.key, scene.links)
        return Entry(label, each.app_name, url, module.tooltip)
    if module.target.opens is not Opens.PAGE:
        return Entry(label, each.app_name, tooltip=module.tooltip, dialog=_dialog(stage, each, scene))
    try:
        url = link_address(stage.root, each.app_key, module, scene)
    except InvalidInputError:
        return None
    is_elsewhere = module.leads is not Leads.SITE
    return Entry(label, each.app_name, url, module.tooltip, is_elsewhere)


def _dialog(stage: Stage, each: ShownModule, scene: Scene) -> dict[str, Any]:
    facts = later_facts(stage, each, scene) | {"id": stage.next_id()}
    named = each.module.target.options.get("key")
    if each.module.target.opens is Opens.DIALOG_MODULE and isinstance(named, str):
        facts["module"] = named
    return facts


def _names_of(group: ShownModule, locations: Sequence[str]) -> tuple[str, ...]:
    """The locations under which links know a group: by its key alone, below its place, or with its app's key."""
    key = group.module.key
    qualified = f"{group.app_key}__{key}"
    return (key, qualified, *(f"{at}/{name}" for at in locations for name in (key, qualified)))


def _stands_at(module: Module, locations: Sequence[str]) -> bool:
    """Also in sections of a place that are the product's own, and not an app's."""
    return any(module.location == at or module.location.startswith(f"{at}/") for at in locations)
