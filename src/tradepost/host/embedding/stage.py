"""What one answer of ours shows of apps: whose frames stand in it, and what its scripts are told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token

from tradepost.core.errors import InvalidInputError
from tradepost.core.module import Place
from tradepost.foundation.clock import machine_now
from tradepost.foundation.web import FRAME_ORIGINS
from tradepost.host.installing.models import Installation
from tradepost.host.licenses.caching import renew
from tradepost.host.licenses.deciding import license_of
from tradepost.host.licenses.spelling import page_license
from tradepost.host.product.actors import account_id
from tradepost.host.sites.models import Site

from .compiled import dialog_options
from .frames import browser_origin, make_frame
from .queries import ShownModule, find_embedded
from .scenes import Scene, viewer_of
from .tickets import make_ticket

ATTRIBUTE = "tradepost_stage"
LOCALE = "en_GB"


@dataclass
class Stage:
    """One answer of ours with the apps in it. Made when the first tag asks for it."""

    request: HttpRequest
    site: Site
    root: str
    scene: Scene
    apps: list[Installation]
    scenes: dict[tuple[Any, ...], Scene] = field(default_factory=dict)
    tickets: dict[tuple[str, str], str] = field(default_factory=dict)
    has_scripts: bool = False
    places: int = 0

    def next_id(self) -> str:
        """An id for an element that no other element of the page has."""
        self.places += 1
        return f"app-place-{self.places}"

    def admit_frames_of(self, installation: Installation) -> None:
        """Let the page show frames from the app's origin, and from no other that is not named likewise."""
        assert installation.running is not None
        origins = getattr(self.request, FRAME_ORIGINS, frozenset())
        setattr(self.request, FRAME_ORIGINS, origins | {browser_origin(installation.running.base_url)})

    def ticket(self, installation: Installation, scene: Scene) -> str:
        """The ticket of an app in a scene, one per answer."""
        key = (installation.app_key, str(sorted(scene.links.items())))
        if key not in self.tickets:
            self.tickets[key] = make_ticket(installation, scene)
        return self.tickets[key]


def stage_of(request: HttpRequest, site: Site, scene: Scene | None = None) -> Stage:
    """The stage of the answer to a request; a page that is about something else than its tags say hands it in."""
    stage = getattr(request, ATTRIBUTE, None)
    if not isinstance(stage, Stage):
        renew(site)
        first = scene or Scene(site, viewer_of(request, site))
        stage = Stage(request, site, site.context_path, first, list(find_embedded(site)))
        setattr(request, ATTRIBUTE, stage)
    return stage


def turn_to(stage: Stage, objects: Mapping[str, Any]) -> None:
    """Let the stage be about `project`, `issue` or `profile_user` from now on. The viewer stays the same."""
    issue, project, person = objects.get("issue"), objects.get("project"), objects.get("profile_user")
    about = tuple(each.pk if each is not None else None for each in (issue, project, person))
    if about not in stage.scenes:
        place = issue.project if issue is not None else project
        stage.scenes[about] = Scene(stage.site, stage.scene.viewer, project=place, issue=issue, profile_user=person)
    stage.scene = stage.scenes[about]


def page_facts(stage: Stage) -> dict[str, Any]:
    """What the scripts of a page are told once."""
    site, viewer = stage.site, stage.scene.viewer
    return {
        "root": stage.root,
        "bridge": f"{stage.root}/tradepost/bridge/",
        "csrf": get_token(stage.request),
        "site": str(site.pk),
        "product": site.product_type,
        "viewer": {
            "accountId": account_id(viewer) if viewer is not None else None,
            "locale": LOCALE,
            "timeZone": site.zone,
        },
    }


def frame_facts(
    stage: Stage, shown: ShownModule, scene: Scene, *, is_dialog: bool = False, ui_parameters: str | None = None
) -> dict[str, Any]:
    """What the scripts need to put a module into a frame. `problem` stands in for an address that cannot be signed."""
    stage.admit_frames_of(shown.installation)
    facts = later_facts(stage, shown, scene)
    try:
        frame = make_frame(
            shown.installation,
            shown.module,
            scene,
            now=machine_now(),
            is_dialog=is_dialog,
            ui_parameters=ui_parameters,
        )
    except InvalidInputError as error:
        return facts | {"problem": str(error)}
    return facts | {"url": frame.url}


def later_facts(stage: Stage, shown: ShownModule, scene: Scene) -> dict[str, Any]:
    """The same without an address, for a frame that is opened later: its address is asked for then."""
    stage.admit_frames_of(shown.installation)
    license_told = page_license(license_of(shown.installation))
    module = shown.module
    is_page = module.place is Place.PAGE
    return {
        "app": shown.app_key,
        "appName": shown.app_name,
        "module": module.key,
        "name": module.name,
        "kind": module.kind,
        "location": module.location,
        "isFullPage": is_page,
        "ticket": stage.ticket(shown.installation, scene),
        "context": {**scene.told, "license": license_told},
        "productContext": scene.variables,
        "options": dialog_options(module),
    }
