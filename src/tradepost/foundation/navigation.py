"""What stands in the bar above every page. Domains add their entries when their `pages` are loaded."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from .callers import Caller, find_caller, service_of


def everybody(_caller: Caller) -> bool:
    return True


def operators(caller: Caller) -> bool:
    return caller.is_operator


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, for the callers of whom `shown_to` is true; `group` is "" for the bar, "operator" or "you"."""

    service: str
    label: str
    url_name: str
    shown_to: Callable[[Caller], bool]
    group: str


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as one page shows it."""

    label: str
    url: str
    is_here: bool
    group: str


_entries: list[Entry] = []


def add(
    service: str,
    label: str,
    url_name: str,
    shown_to: Callable[[Caller], bool] = everybody,
    *,
    group: str = "",
) -> None:
    """Show a page in the bar of `service` ("both" for both). Adding the same page twice is adding it once."""
    if not any((e.service, e.url_name) == (service, url_name) for e in _entries):
        _entries.append(Entry(service, label, url_name, shown_to, group))


def links(request: HttpRequest) -> list[Link]:
    """Return what the bar shows to the caller of this request, in the order of adding."""
    caller = find_caller(request)
    if caller is None:
        return []
    service = service_of(request)
    return [
        Link(entry.label, url, _is_here(request.path, url), entry.group)
        for entry in _entries
        if entry.service in {service, "both"} and entry.shown_to(caller) and (url := _url(entry, request))
    ]


def _url(entry: Entry, request: HttpRequest) -> str | None:
    try:
        return reverse(entry.url_name, urlconf=getattr(request, "urlconf", None))
    except NoReverseMatch:
        return None


def _is_here(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))
