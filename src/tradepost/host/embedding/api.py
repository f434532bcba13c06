"""REST: the signed address of a module for somebody, or why it does not show."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from tradepost.core.difference import pointer
from tradepost.core.errors import InvalidInputError
from tradepost.foundation.callers import caller_of
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.host.sites.acting import ANONYMOUS, act_as, act_as_visitor

from .scenes import CUSTOM, LONGEST_CUSTOM, MOST_CUSTOM
from .showing import module_address

router = Router(tags=["modules of apps"])

ABOUT = ("issue.key", "issue.id", "project.key", "project.id", "profileUser.accountId")
"""What a scene can be about."""


class NewModuleAddress(Schema):
    """`module` is its key, or with its app before it: `app/module`. `user` is an e-mail address, an account id or
    `anonymous`; `context` names the page, such as `issue.key`.
    """

    app: str | None = Field(None, max_length=64)
    module: str = Field(min_length=1, max_length=200)
    user: str = Field(min_length=1, max_length=254)
    context: dict[str, str] = Field(default_factory=dict)


class ReasonOut(Schema):
    """What one condition says of the person and the page."""

    name: str
    holds: bool
    text: str


class ModuleAddressOut(Schema):
    """`url` is null where the module does not show to this person there; then `reasons` say why.

    `license` is what the scripts of its page read in the page context.
    """

    url: str | None
    reasons: list[ReasonOut]
    license: dict[str, Any]


@router.post(
    "/sites/{uuid:site_id}/module-urls",
    response=ModuleAddressOut,
    operation_id="make_module_url",
    summary="The signed address of a module for a member (operators)",
)
def post_module_url(request: HttpRequest, site_id: UUID, new: NewModuleAddress) -> Any:
    caller = caller_of(request)
    caller.require("operate")
    _check_context(new.context)
    named = f"{new.app}/{new.module}" if new.app else new.module
    told: dict[str, Any] = {"what": "module-url", "by": caller, "now": domain_now(), "module": named}
    if new.user == ANONYMOUS:
        site, viewer = act_as_visitor(site_id, context=new.context, **told), None
    else:
        site, viewer = act_as(site_id, new.user, context=new.context, **told)
    return module_address(site, named, viewer, new.context, now=machine_now())


def _check_context(context: dict[str, str]) -> None:
    """A name that nothing reads is a slip of the pen, which would show another page than was meant."""
    if len(context) > len(ABOUT) + MOST_CUSTOM:
        raise InvalidInputError("A page is about fewer things.", "/context")
    for name, value in context.items():
        if name not in ABOUT and not name.startswith(CUSTOM):
            known = ", ".join((*ABOUT, f"{CUSTOM}NAME"))
            raise InvalidInputError(f"No page is about {name[:100]}. There are {known}.", pointer("context", name))
        if len(value) > LONGEST_CUSTOM:
            raise InvalidInputError(f"A value has at most {LONGEST_CUSTOM} characters.", pointer("context", name))
