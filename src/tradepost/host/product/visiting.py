"""Who is on a page of the product: people of the site, and strangers where a project is public."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tradepost.core.errors import ForbiddenError, NotFoundError
from tradepost.foundation.callers import Caller, find_caller, to_sign_in
from tradepost.foundation.models import User
from tradepost.host.sites.models import Site
from tradepost.host.sites.routing import find_site

from .actors import Actor, actor_of
from .places import PLACES
from .queries import find_projects


@dataclass(frozen=True, slots=True)
class ProductVisit:
    """Like `sites.frame.Visit`, but `caller` is None for strangers, whether they have signed in or not.

    `actor` is who they are in the product. Links to pages that are for people of the site show where `caller` is set.
    """

    caller: Caller | None
    site: Site
    actor: Actor
    root: str

    @property
    def viewer(self) -> User | None:
        """The person who looks, in whom an app sees an account; None for strangers to the site."""
        return self.actor.user

    @property
    def is_admin(self) -> bool:
        return self.actor.is_admin

    @property
    def is_keeper(self) -> bool:
        return self.is_admin or (self.caller is not None and self.caller.is_operator)

    def address(self, *parts: str) -> str:
        """The address of a page of this site: `address("projects", "DEMO")` is `/alpha/projects/DEMO/`."""
        return "/".join([self.root, *parts, ""])

    def issue_address(self, key: str) -> str:
        """The address of an issue, which has no slash at its end: apps make such links themselves."""
        return f"{self.root}/browse/{key}"


def on_product(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Hand the view a ProductVisit. Whoever has not signed in is asked to where there is nothing for strangers."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, context: str = "", **kwargs: Any) -> HttpResponse:
        try:
            return view(request, _visit(request, context), *args, **kwargs)
        except (NotFoundError, ForbiddenError):
            if find_caller(request) is None:
                return to_sign_in(request)
            raise

    return guarded


def show(
    request: HttpRequest,
    visit: ProductVisit,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Render a page of the product, with what the tags of `embedding` read: visit, site, viewer, project, issue."""
    known = {"visit": visit, "site": visit.site, "root": visit.root, "viewer": visit.viewer, "places": PLACES}
    return render(request, f"product/{template}", known | {"here": "projects"} | (context or {}), status=status)


def _visit(request: HttpRequest, context: str) -> ProductVisit:
    caller, site = find_caller(request), find_site(request)
    if site is None or site.context_path != (f"/{context}" if context else ""):
        raise NotFoundError("page", request.path)
    actor = actor_of(site, caller.user if caller is not None else None)
    is_known = actor.is_member or (caller is not None and caller.is_operator)
    visit = ProductVisit(caller if is_known else None, site, actor, site.context_path)
    if not is_known and not find_projects(actor).exists():
        raise NotFoundError("page", request.path)
    return visit
