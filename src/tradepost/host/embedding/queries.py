"""Which modules of which apps show where, to whom, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from tradepost.core.condition import ConditionFacts, ConditionReason, evaluate
from tradepost.core.condition import explain as explain_conditions
from tradepost.core.difference import pointer
from tradepost.core.errors import NotFoundError
from tradepost.core.module import Module
from tradepost.core.states import InstallationState
from tradepost.host.installing.models import Installation
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.queries import with_versions

from .compiled import compiled
from .scenes import Scene

FOR_ADMINISTRATORS = frozenset({"adminPages", "configurePage", "postInstallPage"})
"""Module types whose pages only a site's administrators see."""

FOR_PROJECT_ADMINISTRATORS = frozenset({"jiraProjectAdminTabPanels"})
"""Module types whose pages only the administrators of a project see."""

FOR_THEM_ALONE = "Only administrators see pages of this type."

ANYWHERE = frozenset({"", "none"})
"""Locations that are no place in any menu."""


@dataclass(frozen=True, slots=True)
class ShownModule:
    """A module that shows in a scene."""

    installation: Installation
    module: Module

    @property
    def app_key(self) -> str:
        return self.installation.app_key

    @property
    def app_name(self) -> str:
        assert self.installation.running is not None
        return self.installation.running.name


@dataclass(frozen=True, slots=True)
class ExplainedModule:
    """A module with whether it shows in a scene, and what each of its conditions says."""

    installation: Installation
    module: Module
    shows: bool
    reasons: tuple[ConditionReason, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """What an administrator should know about an app's modules. `pointer` leads into the descriptor."""

    pointer: str
    text: str


def find_embedded(site: Site) -> QuerySet[Installation]:
    """The apps of a site whose modules show: those that run and are switched on."""
    rows = Installation.objects.filter(site=site, state=InstallationState.ENABLED, running__isnull=False)
    return with_versions(rows).order_by("app_key")


def modules_at(
    site: Site, location: str, scene: Scene, *, kinds: Sequence[str] = (), apps: Sequence[Installation] | None = None
) -> list[ShownModule]:
    """What shows in a scene at a location (all below `location/` too), lighter ones first.

    `kinds` limits it to module types; `apps` are `find_embedded(site)` where a page has asked for them already.
    """
    found = [
        each
        for each in _all_modules(find_embedded(site) if apps is None else apps)
        if is_at(each.module.location, location) and (not kinds or each.module.kind in kinds)
    ]
    return in_order(_showing(found, scene))


def modules_of_kinds(
    site: Site, kinds: Sequence[str], scene: Scene, *, apps: Sequence[Installation] | None = None
) -> list[ShownModule]:
    """What shows in a scene of some module types, wherever it stands."""
    found = [each for each in _all_modules(find_embedded(site) if apps is None else apps) if each.module.kind in kinds]
    return in_order(_showing(found, scene))


def is_at(location: str, wanted: str) -> bool:
    """Whether a module's location is a place or a section of it."""
    return location not in ANYWHERE and (location == wanted or location.startswith(f"{wanted}/"))


def in_order(modules: Sequence[ShownModule]) -> list[ShownModule]:
    """Lighter modules first, then by app, then as the descriptor has them."""
    return sorted(modules, key=lambda each: (each.module.weight, each.app_key))


def get_module(site: Site, app_key: str, module_key: str, scene: Scene) -> ShownModule:
    """A module that shows in a scene. Raises NotFoundError for one that is not there or does not show."""
    found = find_declared(site, app_key, module_key)
    if found is None or not _shows(found, scene):
        raise NotFoundError("page of an app", module_key)
    return found


def find_declared(site: Site, app_key: str, module_key: str) -> ShownModule | None:
    """A module of an app that is switched on, whether it shows or not."""
    if not app_key.isascii() or "\0" in app_key:
        return None
    installation = find_embedded(site).filter(app_key=app_key).first()
    module = compiled(installation.running_id).find(module_key) if installation is not None else None
    return ShownModule(installation, module) if installation is not None and module is not None else None


def explain(site: Site, scene: Scene, *, app_key: str | None = None) -> list[ExplainedModule]:
    """Every module of every app that is switched on, or of one, with whether it shows in a scene and why."""
    apps = [each for each in find_embedded(site) if app_key is None or each.app_key == app_key]
    found = []
    for each in _all_modules(apps):
        verdict = explain_conditions(each.module.conditions, _facts(each, scene))
        is_allowed, reasons = _allowed(each, scene), verdict.reasons
        if not is_allowed:
            reasons = (ConditionReason(each.module.kind, holds=False, text=FOR_THEM_ALONE), *reasons)
        found.append(ExplainedModule(each.installation, each.module, is_allowed and verdict.shows, reasons))
    return found


def notes(installation: Installation) -> list[Note]:
    """What an app declares and this product does not show, for its administrators. None is an error."""
    if installation.running_id is None:
        return []
    known = compiled(installation.running_id)
    no_place = "This product has no place for modules of the type {}."
    unknown = [Note(pointer("modules", kind), no_place.format(kind)) for kind in known.unknown]
    return unknown + [Note(problem.pointer, problem.text) for problem in known.problems]


def _all_modules(apps: Sequence[Installation] | QuerySet[Installation]) -> Iterator[ShownModule]:
    for installation in apps:
        for module in compiled(installation.running_id).modules:
            yield ShownModule(installation, module)


def _showing(found: Sequence[ShownModule], scene: Scene) -> list[ShownModule]:
    return [each for each in found if _shows(each, scene)]


def _shows(each: ShownModule, scene: Scene) -> bool:
    """Facts are gathered only for a module that asks for any."""
    conditions = each.module.conditions
    if not _allowed(each, scene):
        return False
    return not conditions.leaves or evaluate(conditions, _facts(each, scene)).shows


def _allowed(each: ShownModule, scene: Scene) -> bool:
    """Whether a type of page that is not for everybody is for the viewer."""
    if each.module.kind in FOR_ADMINISTRATORS:
        return _facts(each, scene).is_admin
    return each.module.kind not in FOR_PROJECT_ADMINISTRATORS or _facts(each, scene).is_project_admin


def _facts(each: ShownModule, scene: Scene) -> ConditionFacts:
    return scene.facts(each.installation, admin_mode=each.module.kind in FOR_ADMINISTRATORS)
