"""What pages of a site say to show apps: `{% load app_modules %}{% app_modules "location" %}`.

Every tag reads `site`, `root`, `project`, `issue` and `profile_user` from the page's context; keyword arguments come
before those. Where no app has anything for the place, nothing is rendered.
"""

from typing import Any

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from tradepost.core.errors import InvalidInputError
from tradepost.core.module import Place
from tradepost.core.variables import substitute
from tradepost.host.embedding.addresses import page_address
from tradepost.host.embedding.frames import browser_origin
from tradepost.host.embedding.menus import has_dialogs, menu_entries
from tradepost.host.embedding.queries import ShownModule, explain, modules_at, notes
from tradepost.host.embedding.stage import Stage, frame_facts, later_facts, page_facts, stage_of, turn_to
from tradepost.host.installing.models import Installation
from tradepost.host.sites.models import Site

register = template.Library()

NOTHING = mark_safe("")
FOLDED = frozenset({"jiraIssueContexts", "jiraIssueGlances", "jiraIssueContents"})
"""Panels that a person opens. Their frame is made then."""

OBJECTS = ("project", "issue", "profile_user")


@register.simple_tag(takes_context=True)
def app_modules(context: Context, location: str, **objects: Any) -> SafeString:
    """Panels, links and dialogs at a location: `{% app_modules "atl.jira.view.issue.right.context" %}`."""
    stage = _stage(context, objects)
    if stage is None:
        return NOTHING
    shown = modules_at(stage.site, location, stage.scene, apps=stage.apps)
    panels = [_panel(stage, each) for each in shown if each.module.place is Place.PANEL]
    entries = menu_entries(stage, location, stage.scene)
    if not panels and not entries:
        return NOTHING
    return _render(stage, "embedding/modules_at.html", {"panels": panels, "entries": entries, "location": location})


@register.simple_tag(takes_context=True)
def app_links(context: Context, menu: str, **objects: Any) -> SafeString:
    """Pages and links as entries (`<li>`) of a menu: `top`, `admin`, `user`, `project`, `project-admin`, `profile`."""
    stage = _stage(context, objects)
    entries = menu_entries(stage, menu, stage.scene) if stage is not None else []
    if stage is None or not entries:
        return NOTHING
    facts = {"entries": entries, "here_url": stage.request.get_full_path()}
    if has_dialogs(entries):
        return _render(stage, "embedding/menu.html", facts)
    return mark_safe(render_to_string("embedding/menu.html", facts))  # noqa: S308  rendered by a template


@register.simple_tag(takes_context=True)
def app_administration(context: Context, installation: Installation, **objects: Any) -> SafeString:
    """For administrators, on the page of an app: its first steps, its settings, and what of it does not show."""
    stage = _stage(context, objects)
    if stage is None or installation.running_id is None:
        return NOTHING
    pages = [
        (each.module, page_address(stage.root, each.app_key, each.module.key, {}))
        for each in _pages_for_administrators(stage, installation)
    ]
    facts = {
        "installation": installation,
        "root": stage.root,
        "first_steps": [(m, url) for m, url in pages if m.kind == "postInstallPage"],
        "settings": [(m, url) for m, url in pages if m.kind == "configurePage"],
        "notes": notes(installation),
    }
    return mark_safe(render_to_string("embedding/administration.html", facts))  # noqa: S308  rendered by a template


def _pages_for_administrators(stage: Stage, installation: Installation) -> list[ShownModule]:
    found = explain(stage.site, stage.scene, app_key=installation.app_key)
    return [ShownModule(each.installation, each.module) for each in found if each.shows]


def _stage(context: Context, objects: dict[str, Any]) -> Stage | None:
    request, site = context.get("request"), context.get("site")
    if request is None or not isinstance(site, Site):
        return None
    known = {name: context.get(name) for name in OBJECTS} | objects
    stage = stage_of(request, site)
    turn_to(stage, known)
    return stage


def _panel(stage: Stage, each: ShownModule) -> dict[str, Any]:
    is_folded = each.module.kind in FOLDED
    facts = later_facts(stage, each, stage.scene) if is_folded else frame_facts(stage, each, stage.scene)
    return {
        "shown": each,
        "is_folded": is_folded,
        "label": _label(each),
        "icon": _icon(each),
        "facts": facts,
        "id": stage.next_id(),
    }


def _label(each: ShownModule) -> str:
    """An issue's panel says its own label, other panels their name."""
    content = each.module.raw.get("content")
    label = content.get("label") if isinstance(content, dict) else None
    words = label.get("value") if isinstance(label, dict) else label
    return words if isinstance(words, str) and words else each.module.name


def _icon(each: ShownModule) -> str:
    """The address of a module's picture, on the app's own origin; empty where it is anywhere else."""
    icon = each.module.raw.get("icon")
    url = icon.get("url") if isinstance(icon, dict) else None
    running = each.installation.running
    if not isinstance(url, str) or not url or running is None:
        return ""
    try:
        path = substitute(url, {})
        whole = path if "://" in path else f"{running.base_url.rstrip('/')}/{path.lstrip('/')}"
        return whole if browser_origin(whole) == browser_origin(running.base_url) else ""
    except InvalidInputError:
        return ""


def _render(stage: Stage, name: str, facts: dict[str, Any]) -> SafeString:
    """Render a part of a page; the first one that needs scripts brings them."""
    needs_scripts = not stage.has_scripts
    stage.has_scripts = True
    facts |= {"needs_scripts": needs_scripts, "page_facts": page_facts(stage) if needs_scripts else None}
    return mark_safe(render_to_string(name, facts))  # noqa: S308  rendered by a template
