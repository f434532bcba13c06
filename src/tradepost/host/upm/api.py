"""REST: a site's switch for apps by address, wishing for one, and asking its address now."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from tradepost.foundation.callers import caller_of
from tradepost.foundation.clock import domain_now

from . import polling, requests
from .models import InstallRequest
from .progress import progress_of
from .switch import set_private_listings

router = Router(tags=["apps by address"])


class Allowed(Schema):
    """Whether the site takes apps by their address."""

    private_listings: bool


class Wish(Schema):
    """The address of a descriptor, http or https, or an installation link of the marketplace.

    Where the site pays for the app, a link hides that subscription and has to be `confirmed`.
    """

    url: str = Field(max_length=2000)
    confirmed: bool = False


class WishOut(Schema):
    """How a wish stands: `running`, `done` or `failed`, then with the reason. `app` is known once it was read."""

    id: UUID
    url: str
    standing: str
    app: str | None
    version: str | None
    text: str


class AddressOut(Schema):
    """Where the site reads the app; `problem` is what the last poll found, if that could not be taken."""

    url: str
    next_poll_at: datetime
    problem: dict[str, Any] | None
    held_at: datetime | None
    held_reason: str


@router.put(
    "/sites/{uuid:site_id}/private-listings",
    response=Allowed,
    operation_id="allow_private_listings",
    summary="Take apps by their address",
)
def put_switch(request: HttpRequest, site_id: UUID) -> Any:
    caller = caller_of(request)
    caller.require("sites:write")
    return set_private_listings(site_id, allowed=True, by=caller, now=domain_now())


@router.delete(
    "/sites/{uuid:site_id}/private-listings",
    response=Allowed,
    operation_id="forbid_private_listings",
    summary="Take no more apps by their address",
)
def delete_switch(request: HttpRequest, site_id: UUID) -> Any:
    caller = caller_of(request)
    caller.require("sites:write")
    return set_private_listings(site_id, allowed=False, by=caller, now=domain_now())


@router.post(
    "/sites/{uuid:site_id}/install-requests",
    response={202: WishOut},
    operation_id="install_by_address",
    summary="Install the app at an address, or take its descriptor anew",
)
def post_wish(request: HttpRequest, site_id: UUID, wish: Wish) -> Status[Any]:
    caller = caller_of(request)
    caller.require("sites:write")
    made = requests.ask_to_install(site_id, wish.url, confirmed=wish.confirmed, by=caller, now=domain_now())
    return Status(202, _shown(made))


@router.get(
    "/sites/{uuid:site_id}/install-requests/{uuid:request_id}",
    response=WishOut,
    operation_id="get_install_request",
    summary="How far that is",
)
def get_wish(request: HttpRequest, site_id: UUID, request_id: UUID) -> dict[str, Any]:
    caller = caller_of(request)
    caller.require("sites:read")
    return _shown(requests.get_request(caller, site_id, request_id))


@router.put(
    "/sites/{uuid:site_id}/apps/{key}/poll",
    response={202: AddressOut},
    operation_id="poll_address",
    summary="Read an app's address now, also when it was held",
)
def put_poll(request: HttpRequest, site_id: UUID, key: str) -> Status[Any]:
    caller = caller_of(request)
    caller.require("sites:write")
    return Status(202, polling.poll_now(site_id, key, by=caller, now=domain_now()))


def _shown(wish: InstallRequest) -> dict[str, Any]:
    progress = progress_of(wish)
    return {
        "id": wish.pk,
        "url": wish.url,
        "standing": progress.standing,
        "app": wish.installation.app_key if wish.installation else None,
        "version": wish.version.number if wish.version else None,
        "text": progress.text,
    }
