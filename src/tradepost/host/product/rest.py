"""REST of the product for apps, below /rest/api/2 and /rest/api/3: projects, people, permissions, properties, the site.

Issues and their search are in `restissues`. Who calls and with which scopes is `appapi`'s business, what they may see
and do is that of `permissions`: what the acting user may not see does not exist (404).
"""

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from tradepost.core.errors import ForbiddenError, NotFoundError
from tradepost.foundation.clock import domain_now
from tradepost.host.appapi.callers import AppCaller, CallerKind, is_from_app
from tradepost.host.appapi.endpoints import app_resource, product_error, with_wire_errors
from tradepost.host.appapi.scopes import E_MAIL
from tradepost.host.sites.routing import get_site_of

from . import properties, restissues, shapes
from .actors import Actor, actor_of
from .permissionchecks import read_check
from .properties import Keeper, keeper_of
from .queries import find_people, find_person, find_projects, get_project
from .restreading import REF, ROOT, acting_in, body_of, page_of, person_shaper, version_of

VERSION = "1001.0.0-SNAPSHOT"
"""The version apps are told: that of the product whose interface this is a part of."""


def server(request: HttpRequest, caller: AppCaller, api: str) -> HttpResponse:  # noqa: ARG001
    site = caller.site
    return JsonResponse(
        {
            "baseUrl": site.base_url,
            "displayUrl": site.base_url,
            "version": VERSION,
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100_000,
            "serverTime": shapes.moment(domain_now()),
            "serverTitle": site.name,
        }
    )


def myself(request: HttpRequest, caller: AppCaller, api: str) -> HttpResponse:  # noqa: ARG001
    actor = acting_in(caller)
    if actor.is_app:
        shape = shapes.app_shape(actor.site, actor.app_key, actor.app_name, version_of(api))
        return JsonResponse(shape)
    if actor.user is None:
        raise ForbiddenError("Nobody is signed in on the page that asks.")
    return JsonResponse(person_shaper(caller, version_of(api))(actor.user) | {"groups": _groups(actor)})


def user(request: HttpRequest, caller: AppCaller, api: str) -> HttpResponse:
    _require_pick(acting_in(caller))
    wanted = request.GET.get("accountId", "")
    own = acting_in(caller)
    if own.is_app and wanted == own.account_id:
        return JsonResponse(shapes.app_shape(own.site, own.app_key, own.app_name, version_of(api)))
    found = find_person(caller.site, wanted)
    if found is None:
        raise NotFoundError("user", wanted[:100])
    return JsonResponse(person_shaper(caller, version_of(api))(found))


def users(request: HttpRequest, caller: AppCaller, api: str) -> HttpResponse:
    """Everybody with a role on the site; with `query` those whose name (or address, where it may be seen) holds it."""
    _require_pick(acting_in(caller))
    people, query = find_people(caller.site), request.GET.get("query", "")[:100]
    if query:
        named = people.filter(name__icontains=query)
        people = named | people.filter(email__icontains=query) if caller.allows(E_MAIL) else named
    shape = person_shaper(caller, version_of(api))
    return JsonResponse([shape(each) for each in page_of(request.GET.dict()).of(people.distinct())], safe=False)


def projects(request: HttpRequest, caller: AppCaller, api: str) -> HttpResponse:  # noqa: ARG001
    """All of them at once, as the older address has it."""
    found = find_projects(acting_in(caller))
    return JsonResponse([shapes.project_shape(each, version_of(api)) for each in found], safe=False)


def project_search(request: HttpRequest, caller: AppCaller, api: str) -> HttpResponse:
    found, page = find_projects(acting_in(caller)), page_of(request.GET.dict())
    query = request.GET.get("query", "")[:100]
    if query:
        found = found.filter(name__icontains=query) | found.filter(key__icontains=query)
    total, rows = found.count(), page.of(found)
    is_last = page.start + len(rows) >= total
    values = [shapes.project_shape(each, version_of(api)) for each in rows]
    return JsonResponse({**page.shape(total), "isLast": is_last, "values": values})


def project(request: HttpRequest, caller: AppCaller, api: str, ref: str) -> HttpResponse:  # noqa: ARG001
    return JsonResponse(shapes.whole_project_shape(get_project(acting_in(caller), ref), version_of(api)))


def check_as_app(request: HttpRequest, caller: AppCaller, api: str) -> HttpResponse:  # noqa: ARG001
    """What a user of the site may do; without an account id, what the caller may."""
    check, actor = read_check(body_of(request)), acting_in(caller)
    if check.account_id is not None and check.account_id != actor.account_id:
        if caller.kind != CallerKind.APP and not actor.is_admin:
            raise ForbiddenError("Only administrators ask what somebody else may do.")
        actor = actor_of(caller.site, find_person(caller.site, check.account_id))
    return JsonResponse(check.answer_for(actor))


def check_as_visitor(request: HttpRequest) -> HttpResponse:
    """What everybody may do. Apps ask it unsigned, as nobody has signed in on their page either."""
    check = read_check(body_of(request))
    if check.account_id is not None:
        raise ForbiddenError("Only an app asks what a user may do: send its token.")
    return JsonResponse(check.answer_for(actor_of(get_site_of(request), None)))


_checked_for_apps = app_resource(error=product_error, POST=check_as_app)


@csrf_exempt
def check_permissions(request: HttpRequest, **path: Any) -> HttpResponse:
    if request.method == "POST" and not is_from_app(request):
        return with_wire_errors(lambda: check_as_visitor(request), product_error)
    return _checked_for_apps(request, **path)


def property_keys(request: HttpRequest, caller: AppCaller, api: str, kind: str, ref: str = "") -> HttpResponse:
    keeper = _keeper(request, caller, kind, ref)
    root = shapes.address(caller.site, _below(keeper), version_of(api))
    rows = [{"key": key, "self": f"{root}/{quote(key, safe='')}"} for key in properties.find_keys(keeper)]
    return JsonResponse({"keys": rows})


def show_property(
    request: HttpRequest,
    caller: AppCaller,
    api: str,  # noqa: ARG001  the same in all
    kind: str,
    key: str,
    ref: str = "",
) -> HttpResponse:
    return JsonResponse(shapes.property_shape(properties.get_property(_keeper(request, caller, kind, ref), key)))


def set_property(
    request: HttpRequest,
    caller: AppCaller,
    api: str,  # noqa: ARG001  the same in all
    kind: str,
    key: str,
    ref: str = "",
) -> HttpResponse:
    keeper = _keeper(request, caller, kind, ref, is_write=True)
    is_new = properties.set_property(keeper, key, request.body, by=acting_in(caller), now=domain_now())
    return HttpResponse(status=201 if is_new else 200)


def delete_property(
    request: HttpRequest,
    caller: AppCaller,
    api: str,  # noqa: ARG001  the same in all
    kind: str,
    key: str,
    ref: str = "",
) -> HttpResponse:
    keeper = _keeper(request, caller, kind, ref, is_write=True)
    properties.delete_property(keeper, key, by=acting_in(caller), now=domain_now())
    return HttpResponse(status=204)


def _keeper(request: HttpRequest, caller: AppCaller, kind: str, ref: str, *, is_write: bool = False) -> Keeper:
    """The kind stands in the path; a user is named by a parameter, who calls where there is none."""
    actor = acting_in(caller)
    if kind == "user":
        ref = request.GET.get("accountId", "") or (actor.account_id or "")
    return keeper_of(kind, ref, by=actor, is_write=is_write)


def _below(keeper: Keeper) -> str:
    return "user/properties" if keeper.kind == "user" else f"{keeper.kind}/{keeper.entity}/properties"


def _require_pick(actor: Actor) -> None:
    if not actor.is_app and not actor.is_member:
        raise ForbiddenError("Only people of the site see who else is here.")


def _groups(actor: Actor) -> dict[str, Any]:
    return {"size": len(actor.groups), "items": [{"name": name} for name in sorted(actor.groups)]}


def _readable(view: Any) -> Any:
    return app_resource(error=product_error, GET=view)


_property_list = _readable(property_keys)
_property = app_resource(error=product_error, GET=show_property, PUT=set_property, DELETE=delete_property)
_OF_THING = rf"{ROOT}(?P<kind>issue|project)/{REF}/properties"
_OF_USER = rf"{ROOT}(?P<kind>user)/properties"

urls = [
    re_path(rf"{ROOT}serverInfo$", _readable(server)),
    re_path(rf"{ROOT}myself$", _readable(myself)),
    re_path(rf"{ROOT}user$", _readable(user)),
    re_path(rf"{ROOT}(?:users|users/search|user/search)$", _readable(users)),
    re_path(rf"{ROOT}project$", _readable(projects)),
    re_path(rf"{ROOT}project/search$", _readable(project_search)),
    re_path(rf"{ROOT}project/{REF}$", _readable(project)),
    re_path(rf"{ROOT}permissions/check$", check_permissions),
    *(re_path(rf"{root}/?$", _property_list) for root in (_OF_THING, _OF_USER)),
    *(re_path(rf"{root}/(?P<key>.+)$", _property) for root in (_OF_THING, _OF_USER)),
    *restissues.urls,
]
