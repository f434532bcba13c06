"""Pages of a site that show an app: its own pages, the way to the app itself, and why its modules show or not."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from tradepost.core.errors import ForbiddenError, NotFoundError
from tradepost.core.module import Leads, Place
from tradepost.foundation.clock import machine_now
from tradepost.foundation.models import User
from tradepost.host.licenses.caching import renew
from tradepost.host.product.queries import find_people
from tradepost.host.product.visiting import ProductVisit, on_product
from tradepost.host.sites.frame import Visit, on_site, show
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.queries import get_installation

from .addresses import DEPARTURES, PAGES, page_address
from .frames import make_frame
from .queries import ShownModule, explain, get_module, notes
from .scenes import Scene, read_scene
from .stage import frame_facts, page_facts, stage_of

OF_PROJECTS = frozenset({"jiraProjectPages", "jiraProjectAdminTabPanels"})
LONGEST_REF = 254
MOST_PEOPLE = 200


@require_GET
@on_product
def module_page(request: HttpRequest, visit: ProductVisit, app_key: str, module_key: str) -> HttpResponse:
    """A page of an app, in the frame of the site."""
    renew(visit.site)
    scene = read_scene(visit.site, visit.viewer, request.GET.dict())
    shown = get_module(visit.site, app_key, module_key, scene)
    _require_place(shown, scene)
    stage = stage_of(request, visit.site, scene)
    context = {
        "here": "app",
        "shown": shown,
        "project": scene.project,
        "issue": scene.issue,
        "facts": frame_facts(stage, shown, scene),
        "place_id": stage.next_id(),
        "page_facts": page_facts(stage),
    }
    stage.has_scripts = True
    known = {"visit": visit, "site": visit.site, "root": visit.root}
    return render(request, "embedding/page.html", known | context)


@require_GET
@on_product
def departure(request: HttpRequest, visit: ProductVisit, app_key: str, module_key: str) -> HttpResponse:
    """Lead from a link of an app to the app itself, by an address that is signed now and good for a few minutes."""
    renew(visit.site)
    scene = read_scene(visit.site, visit.viewer, request.GET.dict())
    shown = get_module(visit.site, app_key, module_key, scene)
    if shown.module.place is not Place.ITEM or shown.module.leads is not Leads.APP:
        raise NotFoundError("page of an app", module_key)
    frame = make_frame(shown.installation, shown.module, scene, now=machine_now())
    answer = HttpResponseRedirect(frame.url)
    answer["Referrer-Policy"] = "no-referrer"
    answer["Cache-Control"] = "no-store"
    return answer


@require_GET
@on_site
def app_modules(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Every module of an app, whether it shows to a person at a place, and what each of its conditions says."""
    if not visit.is_keeper:
        raise ForbiddenError("Only an administrator of the site may do this.")
    renew(visit.site)
    installation = get_installation(visit.caller, visit.site.pk, key)
    user, issue = (request.GET.get(name, "").strip()[:LONGEST_REF] for name in ("user", "issue"))
    context: dict[str, object] = {
        "here": "apps",
        "installation": installation,
        "user_asked": user,
        "issue_asked": issue,
    }
    context["people"] = find_people(visit.site)[:200]
    try:
        viewer = _person(visit.site, user) if user else visit.caller.user
        # Who explains sees what they may see; the other person may see less, which the conditions then say.
        scene = read_scene(visit.site, viewer, {"issue.key": issue} if issue else {})
    except NotFoundError as error:
        return show(request, visit, "embedding/modules.html", context | {"trouble": str(error)}, status=404)
    context |= {
        "viewer": scene.viewer or viewer,
        "scene": scene,
        "rows": explain(visit.site, scene, app_key=key),
        "notes": notes(installation),
    }
    return show(request, visit, "embedding/modules.html", context)


@require_GET
@on_site
def configure(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:  # noqa: ARG001
    """Lead to an app's page for its settings, wherever it is."""
    renew(visit.site)
    scene = Scene(visit.site, visit.caller.user)
    for row in explain(visit.site, scene, app_key=key):
        if row.module.kind == "configurePage" and row.shows:
            return HttpResponseRedirect(page_address(visit.root, key, row.module.key, {}))
    raise NotFoundError("page for settings of this app", key)


def _require_place(shown: ShownModule, scene: Scene) -> None:
    """Raise NotFoundError for what is no page, or a page of a project without one."""
    if shown.module.place is not Place.PAGE or (shown.module.kind in OF_PROJECTS and scene.project is None):
        raise NotFoundError("page of an app", shown.module.key)


def _person(site: Site, email: str) -> User:
    found = find_people(site).filter(email__iexact=email).first()
    if found is None:
        raise NotFoundError("member of this site", email)
    return found


site_urls = [
    path(f"{PAGES}/<str:app_key>/<str:module_key>", module_page, name="app_page"),
    path(f"{DEPARTURES}/<str:app_key>/<str:module_key>", departure, name="app_departure"),
    path("apps/<str:key>/modules/", app_modules, name="site_app_modules"),
    path("apps/<str:key>/configure/", configure, name="site_app_configure"),
]
