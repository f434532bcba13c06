"""The messages between a host service and the marketplace, version 1 of the contract.

A host service enrols with a one-time code (`Enrolment`), then sends its own credential as `Authorization: Bearer`.
It asks for offers (`Check`), fetches what a version is (`OfferedVersion`, its descriptor), and reports what each
installation runs and what happened (`Report`). Sites are named by the host's own identifier, a UUID.
New fields come last and have defaults; a change of meaning is a new version of the contract. Times are ISO 8601, UTC.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

CONTRACT = 1
PREFIX = f"/wire/{CONTRACT}"

AppKey = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-zA-Z0-9\-._]+$")]
Number = Annotated[str, Meta(min_length=5, max_length=40, pattern=r"^\d+\.\d+\.\d+$")]
Url = Annotated[str, Meta(min_length=8, max_length=500)]
Short = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=2000)]

MOST_SITES = 500
MOST_REPORTS = 500
MOST_NEWS = 500


class Message(Struct, frozen=True, kw_only=True, omit_defaults=False):
    """What every message is: frozen, with named fields; unknown ones are ignored, so that either side may be newer."""


class EnrolmentRequest(Message, frozen=True):
    """A host service introduces itself. `base_url` is where apps reach it and where its public keys are."""

    code: Annotated[str, Meta(min_length=8, max_length=100)]
    base_url: Url
    product: Short = "jira"


class Enrolment(Message, frozen=True):
    """The answer: the host's name at the marketplace and its credential, shown this once."""

    host: UUID
    name: Short
    credential: str


class Running(Message, frozen=True):
    """What one installation runs; `version` is None while its first installation is under way."""

    app: AppKey
    version: Number | None


class SiteCheck(Message, frozen=True):
    """One site and the apps on it, with the edition of its own product and how many people may use it."""

    site: UUID
    base_url: Url
    name: Short
    installations: Annotated[list[Running], Meta(max_length=500)]
    product_edition: Annotated[str, Meta(pattern="^(free|standard|premium|enterprise)$")] = "standard"
    users: Annotated[int, Meta(ge=0, le=2_000_000_000)] = 0


class Check(Message, frozen=True):
    """What may these sites move to?"""

    sites: Annotated[list[SiteCheck], Meta(max_length=MOST_SITES)]


class Reason(Message, frozen=True):
    """Why a version was made: a stable rule, where in the descriptor, and a sentence."""

    rule: Short
    pointer: str
    change: Short
    consent: bool
    text: str


class OfferedVersion(Message, frozen=True):
    """A version sites may move to. `order_key` orders versions; `build` is absent where it does not fit.

    `descriptor` is the SHA-256 of the descriptor's bytes, which `GET /wire/1/descriptors/{sha256}` returns. `manifest`
    is that of a deployed app's manifest (`GET /wire/1/manifests/{sha256}`), None for a watched app.
    """

    app: AppKey
    version: Number
    order_key: int
    build: int | None
    descriptor: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    made_at: datetime
    notes: str = ""
    reasons: list[Reason] = []
    manifest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None


class Offer(Message, frozen=True):
    """This site may move this app to this version.

    Of a deployed app there may be two: the newest version of the major that the site runs, and the newest of all.
    Where a watched app becomes a deployed one, `not_before` is when it is the site's turn; an administrator may go
    ahead. `rollout` names a rollout that the vendor started and the site is part of; the host decides what that means
    for it: see core.manifest_rights.
    """

    site: UUID
    app: AppKey
    version: Number
    not_before: Annotated[datetime, Meta(tz=True)] | None = None
    rollout: UUID | None = None


class CheckAnswer(Message, frozen=True):
    """Offers for installations that do not run the newest offered version, and what those versions are.

    `unknown` lists apps the marketplace does not offer to this host any more: they keep running what they run.
    """

    offers: list[Offer]
    versions: list[OfferedVersion]
    unknown: list[AppKey] = []


class Report(Message, frozen=True):
    """What an installation runs and waits for. Sent at least once; a lower `sequence` than known is old news.

    `state` is current, scheduled, waiting_consent, declined, waiting_window, waiting_turn, waiting_vendor, failed,
    installing, install_failed or uninstalled. `granted` is the version whose permissions the site has granted, where
    the code that it runs went ahead of them. `since` is when this state began, `until` when the wait ends (None: a
    person ends it).
    """

    id: UUID
    sequence: int
    site: UUID
    app: AppKey
    running: Number | None
    state: Short
    at: datetime
    since: datetime
    target: Number | None = None
    until: datetime | None = None
    text: Text = ""
    enabled: bool = True
    granted: Number | None = None


class Reports(Message, frozen=True):
    """A batch of reports."""

    reports: Annotated[list[Report], Meta(max_length=MOST_REPORTS)]


class ReportsAnswer(Message, frozen=True):
    """How many were new; the rest were known or old. `unknown` names sites or apps that are not this host's."""

    accepted: int
    unknown: list[UUID] = []


class AppNews(Message, frozen=True):
    """There is a new version for sites that run this major of an app."""

    app: AppKey
    major: Annotated[int, Meta(ge=0, le=999_999_999)]


class News(Message, frozen=True):
    """A push from the marketplace to `{base_url of the host}/wire/1/news`, signed as that of licenses is.

    It brings nothing but the hint to ask soon: sites that run any of these check within minutes instead of a day.
    """

    apps: Annotated[list[AppNews], Meta(max_length=MOST_NEWS)]


class CatalogEntry(Message, frozen=True):
    """One app a site can install, at its newest offered version."""

    app: AppKey
    name: Short
    vendor: Short
    summary: str
    version: OfferedVersion


class Catalog(Message, frozen=True):
    """A page of the public catalogue; `next` is handed back as `?after=` for the next page."""

    entries: list[CatalogEntry]
    next: str | None = None
