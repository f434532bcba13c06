"""Talking to the marketplace by the contract in `tradepost.wire`.

Its address was given by our operator and not by a stranger, so it may be private; the exception holds for exactly
that origin, because redirects are not followed and no other address is ever asked with this client.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TypeVar
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec

from tradepost.core.errors import ConflictError
from tradepost.foundation import outgoing
from tradepost.foundation.configuration import configuration
from tradepost.foundation.outgoing import (
    OutgoingError,
    OutgoingProblem,
    OutgoingRequest,
    OutgoingResponse,
    Purpose,
    Timeout,
)
from tradepost.foundation.secrets import unseal
from tradepost.wire import licenses as license_wire
from tradepost.wire import messages as wire
from tradepost.wire.reading import UnreadableMessageError, read_message

from .models import MarketplaceLink

Answer = TypeVar("Answer")
MOST_BYTES = 16 * 1024 * 1024
"""Of one answer: 500 sites with many apps each, all with offers, stay far below."""


class MarketplaceProblem(StrEnum):
    """What kind of trouble there is with the marketplace."""

    NOT_LINKED = "not_linked"
    DOWN = "down"
    REFUSED = "refused"
    NOT_THERE = "not_there"
    NONSENSE = "nonsense"
    DECLINED = "declined"


class MarketplaceError(ConflictError):
    """The marketplace cannot be asked, or what it answered cannot be used. The text is for people.

    Where it understood what an administrator wants and declined it, `kind` is DECLINED, the text its own, and `rule`
    the name of the rule that it gave, such as wire.licenses.CONFIRM, or empty.
    """

    title = "The marketplace cannot be used now"

    def __init__(self, kind: MarketplaceProblem, text: str, rule: str = "") -> None:
        super().__init__(text, rule)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class MarketplaceClient:
    """The marketplace at `url`, asked with our `credential`. Every call raises MarketplaceError."""

    url: str
    credential: str = ""

    def enrol(self, message: wire.EnrolmentRequest) -> wire.Enrolment:
        """Hand in a one-time code and get our own credential."""
        return self._post("/enrolment", message, wire.Enrolment)

    def check(self, message: wire.Check) -> wire.CheckAnswer:
        """Ask what sites may move to."""
        return self._post("/checks", message, wire.CheckAnswer)

    def report(self, message: wire.Reports) -> wire.ReportsAnswer:
        """Say what installations run."""
        return self._post("/reports", message, wire.ReportsAnswer)

    def apps(self, *, after: str = "", q: str = "") -> wire.Catalog:
        """One page of the public catalogue, of apps that fit the words in `q`."""
        query = urlencode({name: value for name, value in (("after", after), ("q", q)) if value})
        return self._get(f"/apps?{query}" if query else "/apps", wire.Catalog)

    def app(self, key: str, site: UUID) -> wire.CatalogEntry:
        """One app of the catalogue, or a private one that the site may see."""
        return self._get(f"/apps/{quote(key, safe='')}?{urlencode({'site': str(site)})}", wire.CatalogEntry)

    def descriptor(self, digest: str) -> bytes:
        """The bytes whose SHA-256 (hex) is `digest`."""
        return self._text("descriptor", digest)

    def manifest(self, digest: str) -> bytes:
        """The bytes of the manifest of a deployed app whose SHA-256 (hex) is `digest`."""
        return self._text("manifest", digest)

    def licenses(self, message: license_wire.LicenseQuestions, *, seconds: float = 0) -> license_wire.LicenseDecisions:
        """Ask what sites have licensed. `seconds` bounds the whole call where somebody waits for a page."""
        return self._post("/licenses", message, license_wire.LicenseDecisions, seconds=seconds)

    def wish(self, message: license_wire.LicenseWish) -> license_wire.LicenseDecision:
        """Begin a trial or change the edition."""
        return self._post("/licenses/wishes", message, license_wire.LicenseDecision)

    def preview(self, message: license_wire.SwitchQuestion) -> license_wire.SwitchPreview:
        """Ask what another edition would mean."""
        return self._post("/licenses/preview", message, license_wire.SwitchPreview)

    def apply_token(self, message: license_wire.TokenApplication) -> license_wire.TokenApplied:
        """Use an access token on a site."""
        return self._post("/access-tokens/apply", message, license_wire.TokenApplied)

    def remove_token(self, message: license_wire.TokenRemoval) -> license_wire.LicenseDecision:
        """Use no access token on a site any longer."""
        return self._post("/access-tokens/remove", message, license_wire.LicenseDecision)

    def simulate(self, message: license_wire.TokenSimulation) -> license_wire.LicenseDecision:
        """Change what an applied access token looks like."""
        return self._post("/access-tokens/simulate", message, license_wire.LicenseDecision)

    def _text(self, kind: str, digest: str) -> bytes:
        body = self._ask("GET", f"/{kind}s/{digest}", None, configuration.limits.document_bytes).body
        if sha256(body).hexdigest() != digest:
            raise MarketplaceError(MarketplaceProblem.NONSENSE, f"The marketplace sent another {kind} than it named.")
        return body

    def _post(self, path: str, message: wire.Message, answer: type[Answer], *, seconds: float = 0) -> Answer:
        return _read(self._ask("POST", path, msgspec.json.encode(message), MOST_BYTES, seconds), answer)

    def _get(self, path: str, answer: type[Answer]) -> Answer:
        return _read(self._ask("GET", path, None, MOST_BYTES), answer)

    def _ask(self, method: str, path: str, body: bytes | None, most_bytes: int, seconds: float = 0) -> OutgoingResponse:
        headers = [("Accept", "application/json")]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
        if self.credential:
            headers.append(("Authorization", f"Bearer {self.credential}"))
        limits = configuration.limits
        try:
            request = OutgoingRequest(
                method,
                self.url + wire.PREFIX + path,
                headers=tuple(headers),
                body=body,
                timeout=Timeout(
                    connect=min(limits.connect_seconds, seconds or limits.connect_seconds),
                    total=seconds or limits.total_seconds * 3,
                ),
                max_bytes=most_bytes,
                purpose=Purpose.WIRE,
            )
            response = outgoing.for_named().send(request)
        except OutgoingError as error:
            raise _named(error) from error
        _check_status(response)
        return response


def marketplace() -> MarketplaceClient:
    """The marketplace this host service is linked to. Raises MarketplaceError when it is linked to none."""
    link = MarketplaceLink.objects.first()
    if link is None:
        text = "This host service is not linked to a marketplace yet; an operator enrols it with a code."
        raise MarketplaceError(MarketplaceProblem.NOT_LINKED, text)
    return MarketplaceClient(link.url, unseal(link.sealed_credential))


def _named(error: OutgoingError) -> MarketplaceError:
    if error.kind in {OutgoingProblem.TOO_LARGE, OutgoingProblem.NOT_HTTP}:
        return MarketplaceError(MarketplaceProblem.NONSENSE, f"The marketplace answered nonsense: {error.text}")
    return MarketplaceError(MarketplaceProblem.DOWN, f"The marketplace cannot be reached: {error.text}")


def _check_status(response: OutgoingResponse) -> None:
    status = response.status
    if status in {200, 201}:
        return
    if status in {401, 403}:
        text = "The marketplace refuses our credential; an operator has to enrol this host service again."
        raise MarketplaceError(MarketplaceProblem.REFUSED, text)
    if status == 404:
        raise MarketplaceError(MarketplaceProblem.NOT_THERE, "The marketplace does not offer this to us.")
    told = _told(response)
    if status in {409, 422} and told.detail:
        raise MarketplaceError(MarketplaceProblem.DECLINED, _clean(told.detail), told.rule)
    kind = MarketplaceProblem.DOWN if status >= 500 or status == 429 else MarketplaceProblem.NONSENSE
    raise MarketplaceError(kind, f"The marketplace answered with status {status}{_after_colon(told.detail)}.")


class _Problem(msgspec.Struct):
    """What we read of a problem (RFC 9457)."""

    detail: str = ""
    rule: str = ""


def _told(response: OutgoingResponse) -> _Problem:
    """What the marketplace says of an error, where it says it as the contract does."""
    try:
        return msgspec.json.decode(response.body, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Problem()


def _clean(detail: str) -> str:
    return detail[:300].replace(chr(0), "")


def _after_colon(detail: str) -> str:
    return f": {_clean(detail).rstrip('.')}" if detail else ""


def _read(response: OutgoingResponse, answer: type[Answer]) -> Answer:
    try:
        return read_message(response.body, answer)
    except UnreadableMessageError as error:
        text = f"The marketplace answered something that is not in the contract: {error}"
        raise MarketplaceError(MarketplaceProblem.NONSENSE, text) from error
