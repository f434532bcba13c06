"""What every page of a site stands in: which site it is, who looks at it, and where its links lead."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, include, path

from tradepost.core.errors import (
    ConflictError,
    IllegalTransitionError,
    InvalidInputError,
    LimitError,
    NotFoundError,
    ProblemsError,
)
from tradepost.foundation.callers import Caller, caller_of, signed_in
from tradepost.foundation.rest import LONGEST_CURSOR

from .models import Site
from .queries import administers, find_visible
from .routing import find_site
from .standing import is_checking

Urls = Sequence[URLPattern | URLResolver]
Answer = TypeVar("Answer")

REFUSALS = (ConflictError, IllegalTransitionError, InvalidInputError, LimitError, ProblemsError)
"""What a command says no with and a person can do something about. Other errors have pages of their own."""

ROWS = 50


@dataclass(frozen=True, slots=True)
class Visit:
    """A person on a page of a site they may see. `root` stands before every link to the site's own pages."""

    caller: Caller
    site: Site
    root: str
    is_admin: bool
    is_keeper: bool

    def address(self, *parts: str) -> str:
        """The address of a page of this site: `address("apps", key)` is `/alpha/apps/key/`."""
        return "/".join([self.root, *parts, ""])


def on_site(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Hand the view a Visit. Strangers sign in first; for people who are no members there is no such page (404)."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, context: str = "", **kwargs: Any) -> HttpResponse:
        return view(request, _visit(request, context), *args, **kwargs)

    return signed_in(guarded)


def at_sites(urls: Urls) -> list[URLPattern | URLResolver]:
    """Put pages of a site where sites are: under context paths, and at the root of host names.

    They come behind every other address of the service, so that no site can hide one.
    """
    return [*urls, path("<slug:context>/", include(list(urls)))]


def root_of(site: Site, request: HttpRequest) -> str:
    """What stands before links to a site's pages: nothing or its context path here, its whole address elsewhere."""
    if not site.host_name:
        return site.context_path
    is_here = request.get_host().partition(":")[0].lower() == site.host_name.lower()
    return "" if is_here else site.base_url


def show(
    request: HttpRequest, visit: Visit, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a page of a site."""
    known = {
        "visit": visit,
        "site": visit.site,
        "root": visit.root,
        # Asked only by pages that show it.
        "is_checking": functools.partial(is_checking, visit.site),
    }
    return render(request, template, known | (context or {}), status=status)


def attempt(request: HttpRequest, command: Callable[[], Answer], done: str | Callable[[Answer], str]) -> bool:
    """Carry out a command and tell the person what came of it, on the page they see next."""
    try:
        answer = command()
    except REFUSALS as error:
        messages.error(request, str(error))
        return False
    messages.success(request, done if isinstance(done, str) else done(answer))
    return True


def blame(form: forms.Form, error: Exception) -> None:
    """Show an error of a command beside the field it is about, or above the form."""
    field = error.pointer.strip("/") if isinstance(error, InvalidInputError) else ""
    form.add_error(field if field in form.fields else None, str(error))


def after_of(request: HttpRequest) -> str:
    """Where the page of rows begins."""
    return request.GET.get("after", "")[:LONGEST_CURSOR]


def refreshed() -> HttpResponse:
    """Tell a page that asked whether something is done that it is: it loads itself anew."""
    return HttpResponse(status=200, headers={"HX-Refresh": "true"})


def _visit(request: HttpRequest, context: str) -> Visit:
    caller = caller_of(request)
    site = find_site(request)
    is_here = site is not None and site.context_path == (f"/{context}" if context else "")
    if site is None or not is_here or not find_visible(caller).filter(pk=site.pk).exists():
        raise NotFoundError("page", request.path)
    is_admin = administers(caller, site.pk)
    return Visit(caller, site, site.context_path, is_admin=is_admin, is_keeper=is_admin or caller.is_operator)
