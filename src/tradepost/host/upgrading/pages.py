"""Pages of the apps on a site: what runs, why not the newest version, and how each got where it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from tradepost.core.states import InstallationState
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import slice_of
from tradepost.host.approvals.questions import find_decided, find_question
from tradepost.host.installing.commands import disable, enable
from tradepost.host.installing.models import Installation
from tradepost.host.installing.secrets import is_rotating
from tradepost.host.installing.versions import asked_at_first, terms_of
from tradepost.host.installing.wording import rights_in_words
from tradepost.host.marketlink.queries import is_linked
from tradepost.host.marketlink.reports import state_word
from tradepost.host.sites.frame import ROWS, Visit, after_of, attempt, on_site, refreshed, show
from tradepost.host.upm.addresses import find_address

from . import commands
from .calling import fits
from .coming import crossing_of, deployment_of, notes_of, rollout_word
from .lifecycle import LifecycleEvent
from .models import LifecycleCall, Upgrade
from .queries import (
    CALL_ORDER,
    Explanation,
    explain,
    find_calls,
    find_installations,
    find_open_upgrades,
    find_queued,
    find_upgrades,
    get_remembered,
)

SHOWN = 5
UPGRADE_ORDER = ("-planned_at", "-id")
WORDS = {
    "current": ("applied", "on the newest"),
    "scheduled": ("scheduled", "upgrade is due"),
    "waiting_consent": ("waiting", "waits for a decision"),
    "declined": ("declined", "update declined"),
    "waiting_window": ("waiting", "waits for the window"),
    "waiting_turn": ("waiting", "waits for its turn"),
    "waiting_vendor": ("waiting", "waits for its vendor"),
    "failed": ("failed", "upgrade failed, tried again"),
    "installing": ("installing", "being installed"),
    "install_failed": ("failed", "could not be installed"),
    "uninstalled": ("plain", "uninstalled"),
}
"""The words of `state_word` with the badge they get and how people read them."""

TRIGGERS = {
    "install": "installed by an administrator",
    "automatic": "by itself",
    "approval": "approved by an administrator",
    "ahead": "update asked for by an administrator",
    "rollout": "rolled out by its vendor",
}


@dataclass(frozen=True, slots=True)
class Move:
    """An upgrade in a list: what set it off, and what else there is to say of it."""

    upgrade: Upgrade
    trigger: str
    note: str


@dataclass(frozen=True, slots=True)
class Row:
    """One app in the list; `why` is only there where it does not run the newest version with all its permissions."""

    installation: Installation
    word: str
    badge: str
    label: str
    why: Explanation | None

    @property
    def name(self) -> str:
        newest = self.installation.newest or self.installation.running
        return newest.name if newest else self.installation.app_key

    @property
    def is_disabled(self) -> bool:
        return self.installation.state == InstallationState.DISABLED


@require_GET
@on_site
def apps(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The apps on a site."""
    rows = find_installations(visit.caller, visit.site.pk)
    found = slice_of(rows, order=("app_key",), after=after_of(request), limit=ROWS)
    context = {
        "here": "apps",
        "rows": [_row(each, domain_now()) for each in found.items],
        "next": found.next,
        "is_linked": is_linked(),
    }
    return show(request, visit, "upgrading/apps.html", context)


@require_GET
@on_site
def app(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """One app on a site: what it runs and may do, what waits, and its history."""
    now = domain_now()
    installation = get_remembered(visit.caller, visit.site.pk, key)
    running, newest, rights = installation.running, installation.newest, installation.rights_version
    question = find_question(installation)
    row = _row(installation, now)
    upgrades = slice_of(find_upgrades(visit.caller, visit.site.pk, key), order=UPGRADE_ORDER, limit=SHOWN)
    calls = slice_of(find_calls(visit.caller, visit.site.pk, key), order=CALL_ORDER, limit=SHOWN)
    context = {
        "here": "apps",
        "row": row,
        "installation": installation,
        "deployment": deployment_of(installation),
        "crossing": crossing_of(installation, row.why, asks=question is not None),
        "may_go_ahead": row.why is not None and row.why.may_go_ahead,
        "rollout": rollout_word(installation),
        "is_moving": _is_moving(installation, now),
        "moving_to": _moving_to(installation),
        "is_behind": newest is not None and newest.pk != installation.running_id,
        "rights": rights_in_words(terms_of(rights).rights) if rights else [],
        "question": question,
        "decided": find_decided(installation, besides=question),
        "first_ask": asked_at_first(newest) if newest and running is None else None,
        "upgrades": _moves(upgrades.items),
        "has_more_upgrades": upgrades.next is not None,
        "calls": calls.items,
        "has_more_calls": calls.next is not None,
        "queued": find_queued(installation),
        "replayable": _replayable(installation, visit, calls.items),
        "is_rotating": is_rotating(installation),
        "is_gone": installation.state == InstallationState.UNINSTALLED,
        "is_admin": visit.is_admin,
        "address": find_address(installation),
    }
    return show(request, visit, "upgrading/app.html", context)


@require_GET
@on_site
def progress(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """The part of an app's page that watches while it is installed or upgraded."""
    installation = get_remembered(visit.caller, visit.site.pk, key)
    if not _is_moving(installation, domain_now()):
        return refreshed()
    return show(
        request, visit, "upgrading/progress.html", {"installation": installation, "moving_to": _moving_to(installation)}
    )


@require_GET
@on_site
def upgrades(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Every move of an app on a site."""
    installation = get_remembered(visit.caller, visit.site.pk, key)
    rows = find_upgrades(visit.caller, visit.site.pk, key)
    found = slice_of(rows, order=UPGRADE_ORDER, after=after_of(request), limit=ROWS)
    context = {
        "here": "apps",
        "row": _row(installation, domain_now()),
        "installation": installation,
        "upgrades": _moves(found.items),
        "next": found.next,
    }
    return show(request, visit, "upgrading/upgrades.html", context)


@require_GET
@on_site
def calls(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Every call to an app for a site."""
    installation = get_remembered(visit.caller, visit.site.pk, key)
    found = slice_of(
        find_calls(visit.caller, visit.site.pk, key), order=CALL_ORDER, after=after_of(request), limit=ROWS
    )
    context: dict[str, object] = {
        "here": "apps",
        "row": _row(installation, domain_now()),
        "installation": installation,
        "calls": found.items,
        "replayable": _replayable(installation, visit, found.items),
        "next": found.next,
    }
    return show(request, visit, "upgrading/calls.html", context)


@require_POST
@on_site
def switch(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Switch an app off, or on again."""
    wants_on = request.POST.get("wanted") == "on"
    command = enable if wants_on else disable
    done = "The app is on again." if wants_on else "The app is off: it is kept up to date and shows nothing."
    attempt(request, lambda: command(visit.site.pk, key, by=visit.caller, now=domain_now()), done)
    return redirect(visit.address("apps", key))


@require_POST
@on_site
def go_ahead(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Bring a version now that would come by itself later, or with a rollout of its vendor."""
    attempt(
        request,
        lambda: commands.go_ahead(visit.site.pk, key, by=visit.caller, now=domain_now()),
        "The site moves to the new version now.",
    )
    return redirect(visit.address("apps", key))


@require_POST
@on_site
def replay(request: HttpRequest, visit: Visit, key: str, call_id: UUID) -> HttpResponse:
    """Have the event of a call told anew."""
    attempt(
        request,
        lambda: commands.replay(visit.site.pk, key, call_id, by=visit.caller, now=domain_now()),
        "The app is told again; look at its calls in a moment.",
    )
    return redirect(visit.address("apps", key, "calls"))


def _replayable(installation: Installation, visit: Visit, calls: Sequence[LifecycleCall]) -> frozenset[UUID]:
    """The calls with a button beside them: the person may, and what they tell is so."""
    if not visit.is_keeper:
        return frozenset()
    return frozenset(each.id for each in calls if fits(LifecycleEvent(each.event), installation))


def _row(installation: Installation, now: datetime) -> Row:
    word = state_word(installation)
    runs_newest = installation.running_id is not None and installation.running_id == installation.newest_id
    is_current = runs_newest and installation.granted_id is None
    return Row(installation, word, *WORDS.get(word, (word, word)), None if is_current else explain(installation, now))


def _is_moving(installation: Installation, now: datetime) -> bool:
    """Whether a worker has this app in its hands, or takes it up in a moment."""
    if installation.state == InstallationState.INSTALLING and not installation.because:
        return True
    is_due = installation.due_at is not None and installation.due_at <= now
    return installation.upgrade_id is not None and is_due


def _moving_to(installation: Installation) -> str:
    """The number that is on its way, which for deployed apps need not be the newest; empty where there is none."""
    return next((each.to_number for each in find_open_upgrades([installation]).values()), "")


def _moves(found: Sequence[Upgrade]) -> list[Move]:
    notes = notes_of(found)
    return [Move(each, TRIGGERS.get(each.trigger, each.trigger), notes.get(each.id, "")) for each in found]


site_urls = [
    path("apps/", apps, name="site_apps"),
    path("apps/<str:key>/", app, name="site_app"),
    path("apps/<str:key>/progress/", progress, name="site_app_progress"),
    path("apps/<str:key>/upgrades/", upgrades, name="site_app_upgrades"),
    path("apps/<str:key>/calls/", calls, name="site_app_calls"),
    path("apps/<str:key>/calls/<uuid:call_id>/replays/", replay, name="site_app_replay"),
    path("apps/<str:key>/update/", go_ahead, name="site_app_update"),
    path("apps/<str:key>/activation/", switch, name="site_app_activation"),
]
