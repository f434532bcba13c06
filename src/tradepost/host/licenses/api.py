"""REST: what the apps of a site are licensed for, their editions, and access tokens."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from tradepost.core.edition import Edition
from tradepost.core.license import Simulated
from tradepost.foundation.callers import Caller, caller_of
from tradepost.foundation.clock import domain_now
from tradepost.foundation.rest import Page, PageQuery, slice_of
from tradepost.wire.licenses import LicenseDecision

from . import commands
from .gains import Part, gains_of
from .links import LONGEST
from .sights import LicenseSight, find_licensed, get_sight, sights_of

router = Router(tags=["licenses"])


class TokenOut(Schema):
    """The access token that is applied: its first characters, and what it looks like to the app."""

    prefix: str
    simulated: str
    edition: str


class LicenseOut(Schema):
    """What a site has licensed of an app. `active` and `capability_set` are what the app is told at this moment.

    The rest is what the marketplace decided last, at `answered_at`; with a `problem` it could not be asked since, and
    its decision stands until `stands_until`. `revision` is handed back with a wish. Times are domain time, in UTC.
    """

    app: str
    version: str | None
    free: bool
    active: bool
    capability_set: str | None
    reason: str
    state: str | None
    kind: str | None
    period: str | None
    user_tier: int | None
    edition: str | None
    next_edition: str | None
    trial_ends_at: datetime | None
    period_ends_at: datetime | None
    edition_trial_ends_at: datetime | None
    license_id: str | None
    license_number: str | None
    may_try: bool
    may_try_edition: bool
    may_switch: bool
    why_not: str
    token: TokenOut | None
    covered: str | None
    revision: int
    answered_at: datetime | None
    stands_until: datetime | None
    problem: str


class PartOut(Schema):
    """A feature, or a module of what is installed. `modules` are those of a feature that this site has."""

    name: str
    text: str
    modules: list[str]
    for_whom: str


class PreviewOut(Schema):
    """What a switch would do, and `at` when. `why_not` is not empty where it is not possible."""

    before: str | None
    after: str
    at: datetime
    price: str
    why_not: str
    may_try: bool
    revision: int
    features_gained: list[PartOut]
    features_lost: list[PartOut]
    modules_gained: list[PartOut]
    modules_lost: list[PartOut]


class Seen(Schema):
    """`revision` is that of the license that was looked at."""

    revision: int = Field(ge=0, lt=2**63)


class SwitchIn(Seen):
    edition: Edition


class SeenQuery(Schema):
    revision: int = Field(ge=0, lt=2**63, description="that of the license that was looked at")


class TokenIn(Schema):
    """`token` is the access token or its whole link. `confirmed` where the site pays for the app that it hides."""

    token: str = Field(min_length=1, max_length=LONGEST)
    confirmed: bool = False


class SimulationIn(Schema):
    """What is left out stays as it is."""

    simulated: Simulated | None = None
    edition: Edition | None = None


@router.get(
    "/sites/{uuid:site_id}/licenses",
    response=Page[LicenseOut],
    operation_id="list_licenses",
    summary="Licenses of a site's apps",
)
def list_licenses(request: HttpRequest, site_id: UUID, query: Query[PageQuery]) -> dict[str, Any]:
    caller = _reader(request)
    rows = find_licensed(caller, site_id)
    found = slice_of(rows, order=("app_key",), after=query.after, limit=query.limit)
    return {"items": [_out(each) for each in sights_of(found.items, now=domain_now())], "next": found.next}


@router.get(
    "/sites/{uuid:site_id}/apps/{key}/license",
    response=LicenseOut,
    operation_id="get_license",
    summary="License of an app",
)
def get_license(request: HttpRequest, site_id: UUID, key: str) -> dict[str, Any]:
    return _shown(_reader(request), site_id, key)


@router.put(
    "/sites/{uuid:site_id}/apps/{key}/trial", response=LicenseOut, operation_id="begin_trial", summary="Begin the trial"
)
def put_trial(request: HttpRequest, site_id: UUID, key: str, seen: Seen) -> dict[str, Any]:
    caller = _writer(request)
    commands.begin_trial(site_id, key, revision=seen.revision, by=caller, now=domain_now())
    return _shown(caller, site_id, key)


@router.get(
    "/sites/{uuid:site_id}/apps/{key}/editions/{edition}",
    response=PreviewOut,
    operation_id="preview_edition",
    summary="What another edition would mean",
)
def get_edition(request: HttpRequest, site_id: UUID, key: str, edition: str) -> dict[str, Any]:
    caller = _reader(request)
    found = commands.preview_switch(site_id, key, edition, by=caller)
    gains = gains_of(get_sight(caller, site_id, key, now=domain_now()).installation, found)
    names = ("before", "after", "at", "price", "why_not", "may_try", "revision")
    groups = ("features_gained", "features_lost", "modules_gained", "modules_lost")
    told = {name: getattr(found, name) for name in names}
    return told | {name: [_part(each) for each in getattr(gains, name)] for name in groups}


@router.put(
    "/sites/{uuid:site_id}/apps/{key}/edition",
    response=LicenseOut,
    operation_id="switch_edition",
    summary="Switch the edition",
)
def put_edition(request: HttpRequest, site_id: UUID, key: str, wish: SwitchIn) -> dict[str, Any]:
    caller = _writer(request)
    commands.switch_edition(site_id, key, wish.edition, revision=wish.revision, by=caller, now=domain_now())
    return _shown(caller, site_id, key)


@router.delete(
    "/sites/{uuid:site_id}/apps/{key}/next-edition",
    response=LicenseOut,
    operation_id="keep_edition",
    summary="Take a downgrade back",
)
def delete_next_edition(request: HttpRequest, site_id: UUID, key: str, query: Query[SeenQuery]) -> dict[str, Any]:
    caller = _writer(request)
    commands.keep_edition(site_id, key, revision=query.revision, by=caller, now=domain_now())
    return _shown(caller, site_id, key)


@router.put(
    "/sites/{uuid:site_id}/apps/{key}/edition-trial",
    response=LicenseOut,
    operation_id="try_edition",
    summary="Try a higher edition",
)
def put_edition_trial(request: HttpRequest, site_id: UUID, key: str, wish: SwitchIn) -> dict[str, Any]:
    caller = _writer(request)
    commands.try_edition(site_id, key, wish.edition, revision=wish.revision, by=caller, now=domain_now())
    return _shown(caller, site_id, key)


@router.put(
    "/sites/{uuid:site_id}/apps/{key}/access-token",
    response=LicenseOut,
    operation_id="apply_access_token",
    summary="Use an access token",
)
def put_token(request: HttpRequest, site_id: UUID, key: str, given: TokenIn) -> dict[str, Any]:
    caller = _writer(request)
    commands.apply_token(site_id, key, given.token, confirmed=given.confirmed, by=caller, now=domain_now())
    return _shown(caller, site_id, key)


@router.delete(
    "/sites/{uuid:site_id}/apps/{key}/access-token",
    response=LicenseOut,
    operation_id="remove_access_token",
    summary="Use no access token any longer",
)
def delete_token(request: HttpRequest, site_id: UUID, key: str) -> dict[str, Any]:
    caller = _writer(request)
    commands.remove_token(site_id, key, by=caller, now=domain_now())
    return _shown(caller, site_id, key)


@router.put(
    "/sites/{uuid:site_id}/apps/{key}/simulation",
    response=LicenseOut,
    operation_id="simulate_license",
    summary="Choose what the access token looks like",
)
def put_simulation(request: HttpRequest, site_id: UUID, key: str, wish: SimulationIn) -> dict[str, Any]:
    caller = _writer(request)
    commands.simulate(
        site_id, key, simulated=wish.simulated, edition=wish.edition, by=caller, now=domain_now()
    )  # fmt: skip
    return _shown(caller, site_id, key)


def _reader(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    caller.require("sites:read")
    return caller


def _writer(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    caller.require("sites:write")
    return caller


def _shown(caller: Caller, site_id: UUID, key: str) -> dict[str, Any]:
    return _out(get_sight(caller, site_id, key, now=domain_now()))


_TOLD = (
    "state", "kind", "period", "user_tier", "edition", "next_edition", "trial_ends_at", "period_ends_at",
    "edition_trial_ends_at", "may_try", "may_try_edition", "may_switch", "why_not", "token", "covered",
)  # fmt: skip
_UNTOLD: dict[str, Any] = {"may_try": False, "may_try_edition": False, "may_switch": False, "why_not": ""}


def _out(sight: LicenseSight) -> dict[str, Any]:
    running = sight.installation.running
    return {
        "app": sight.app_key,
        "version": running.number if running else None,
        "free": sight.is_free,
        "active": sight.license.active,
        "capability_set": sight.license.capability_set,
        "reason": sight.license.reason,
        **_told(sight.told),
        "revision": sight.revision,
        "answered_at": sight.answered_at,
        "stands_until": sight.stands_until,
        "problem": sight.problem,
    }


def _told(told: LicenseDecision | None) -> dict[str, Any]:
    known = {name: getattr(told, name, _UNTOLD.get(name)) for name in _TOLD}
    return known | {
        "license_id": told.entitlement_id if told else None,
        "license_number": told.entitlement_number if told else None,
    }


def _part(part: Part) -> dict[str, Any]:
    return {"name": part.name, "text": part.text, "modules": list(part.modules), "for_whom": part.for_whom}
