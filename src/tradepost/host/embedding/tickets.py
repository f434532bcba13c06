"""Tickets: what a page of ours shows to our own endpoints when it asks for something in the name of one app.

The page holds one for every app it shows; frames never see them. A ticket says which app, which viewer and what the
page is about, so that no frame can act as another app, or on something else than what the viewer looks at.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.core import signing

from tradepost.core.errors import ForbiddenError, NotFoundError
from tradepost.foundation.models import User
from tradepost.host.installing.models import Installation
from tradepost.host.sites.models import Site

from .queries import find_embedded
from .scenes import Scene, read_scene

LIFE = timedelta(hours=1)
"""Machine time. A page that stays open asks for new ones."""

LONGEST = 4_000
_SALT = "tradepost.embedding.ticket"
_REFUSAL = "This page is too old: load it again."


@dataclass(frozen=True, slots=True)
class Admission:
    """What a good ticket admits to: acting as one app, before one viewer, in one scene."""

    installation: Installation
    scene: Scene


def make_ticket(installation: Installation, scene: Scene) -> str:
    """The ticket of an app on one view of a page."""
    claims = [str(scene.site.pk), str(installation.pk), scene.account_id or "", scene.links]
    return signing.dumps(claims, salt=_SALT, compress=True)


def admit(ticket: object, site: Site, viewer: User | None) -> Admission:
    """Read a ticket. Raises ForbiddenError for one that is not good for this site and viewer, or not any more."""
    if not isinstance(ticket, str) or len(ticket) > LONGEST:
        raise ForbiddenError(_REFUSAL)
    try:
        site_id, installation_id, account, links = signing.loads(ticket, salt=_SALT, max_age=LIFE)
    except (signing.BadSignature, ValueError) as error:
        raise ForbiddenError(_REFUSAL) from error
    if site_id != str(site.pk) or account != (str(viewer.pk) if viewer is not None else ""):
        raise ForbiddenError(_REFUSAL)
    installation = find_embedded(site).filter(pk=UUID(installation_id)).first()
    if installation is None:
        raise ForbiddenError("This app is not switched on here any more.")
    try:
        scene = read_scene(site, viewer, links)
    except NotFoundError as error:
        raise ForbiddenError("You may not see any more what this page is about.") from error
    return Admission(installation, scene)
