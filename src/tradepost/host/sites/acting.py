"""Operators who act as somebody: for scripts that see a site as a person would. Every time leaves an audit row."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tradepost.core.errors import InvalidInputError
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.foundation.models import User

from .models import Member, Site
from .queries import get_site

ANONYMOUS = "anonymous"
"""In place of a person: a visitor who has not signed in."""


@transaction.atomic
def act_as_visitor(site_id: UUID, *, what: str, by: Caller, now: datetime, **detail: object) -> Site:
    """Record that an operator acts as a visitor; return the site. `what` is what for. Raises as `act_as` does."""
    by.require("operate")
    site = get_site(by, site_id)
    _record(site, ANONYMOUS, ANONYMOUS, what, by, now, detail)
    return site


@transaction.atomic
def act_as(site_id: UUID, ref: str, *, what: str, by: Caller, now: datetime, **detail: object) -> tuple[Site, User]:
    """Record that an operator acts as a member of a site, known by e-mail address or account id; return both.

    Raises ForbiddenError for anybody but operators, NotFoundError for no site, InvalidInputError for somebody without
    a role on it or with a closed account.
    """
    by.require("operate")
    site = get_site(by, site_id)
    user = _find_member(site, ref.strip())
    if user is None:
        raise InvalidInputError(
            f"{ref[:254]} is not the e-mail address or account id of a member of this site.", "/user"
        )
    _record(site, str(user.pk), user.email, what, by, now, detail)
    return site, user


def is_member(site: Site, user: User) -> bool:
    """Whether a person has a role on the site and an open account."""
    return user.is_active and Member.objects.filter(site=site, user=user).exists()


def _find_member(site: Site, ref: str) -> User | None:
    people = User.objects.filter(site_memberships__site=site, is_active=True)
    try:
        return people.filter(pk=UUID(ref)).first()
    except ValueError:
        return people.filter(email=ref.lower()).first()


def _record(
    site: Site, user_id: str, name: str, what: str, by: Caller, now: datetime, detail: dict[str, object]
) -> None:
    audit.record(
        "user.acted_as", service="host", actor=by.actor, subject=("user", user_id), now=now, scope_id=site.pk,
        user=name, what=what, **detail,
    )  # fmt: skip
