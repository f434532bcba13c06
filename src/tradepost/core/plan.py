"""What to do with one installation now: start an upgrade, wait for something, or nothing.

One function decides for the worker, the pages that explain, and the simulation. It sees facts and a time, touches
nothing, and every answer carries its reason.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from .consent import Ask, Consent, ConsentKind, ConsentPolicy, Terms, decide_consent
from .window import MaintenanceWindow, touchable_at


class Because(StrEnum):
    """Why an installation waits. Stable words, shown to people and sent over the wire."""

    CONSENT = "consent"
    DECLINED = "declined"
    WINDOW = "window"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class KnownVersion:
    """What the plan needs of a version: its number, its place in the order, and what it asks."""

    number: str
    order_key: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class InstallationFacts:
    """All that the plan looks at.

    `running` is None before the first installation succeeded. `approved` is the terms an unused approval covers,
    `declined` the fingerprints of asks that were declined. `by_administrator` is True while an administrator's own
    act (installing, approving) waits to be carried out. `due_since` is when the upgrade fell due, `retry_at` the next
    try after a failure, with `failure` in words.
    """

    running: KnownVersion | None
    newest: KnownVersion | None
    approved: Terms | None = None
    declined: Collection[str] = ()
    by_administrator: bool = False
    window: MaintenanceWindow | None = None
    zone: tzinfo | None = None
    due_since: datetime | None = None
    retry_at: datetime | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """Call the app now, to bring the site to `target`."""

    target: KnownVersion
    consent: Consent | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: because of what, until when or until which person acts, and a sentence that says so."""

    because: Because
    text: str
    target: KnownVersion
    until: datetime | None = None
    person: str | None = None
    ask: Ask | None = None

    def __post_init__(self) -> None:
        assert (self.until is None) != (self.person is None), "a wait ends at a time or by a person"


@dataclass(frozen=True, slots=True)
class Nothing:
    """The site runs the newest version it may know of."""


Plan = Start | Wait | Nothing

ADMINISTRATOR = "site administrator"


def plan_upgrade(facts: InstallationFacts, *, now: datetime, policy: ConsentPolicy) -> Plan:
    """Return what to do with the installation at `now` (aware, UTC).

    The order is: is there anything newer; may it come without asking, or was it approved; is a pause after a failure
    over; may the site be touched. Source: domain.md sections 2.4, 3.3 and 3.5.
    """
    target = facts.newest
    if target is None or (facts.running is not None and target.order_key <= facts.running.order_key):
        return Nothing()
    consent = _consent(facts, target, policy)
    if consent is not None and consent.kind in {ConsentKind.NEEDED, ConsentKind.DECLINED}:
        return _wait_for_person(consent, target)
    if facts.retry_at is not None and facts.retry_at > now:
        return Wait(Because.RETRY, _retry_text(facts, target), target, until=facts.retry_at)
    if not facts.by_administrator and facts.window is not None and facts.zone is not None:
        until = touchable_at(facts.window, now=now, zone=facts.zone, due_since=facts.due_since or now)
        if until is not None:
            text = f"Version {target.number} waits for the end of the maintenance window."
            return Wait(Because.WINDOW, text, target, until=until)
    return Start(target, consent)


def _consent(facts: InstallationFacts, target: KnownVersion, policy: ConsentPolicy) -> Consent | None:
    """A first installation is the administrator's own act: what is asked was shown and taken with it."""
    if facts.running is None:
        return None
    return decide_consent(
        facts.running.terms,
        target.terms,
        approved=facts.approved,
        declined=facts.declined,
        policy=policy,
    )


def _wait_for_person(consent: Consent, target: KnownVersion) -> Wait:
    if consent.kind is ConsentKind.DECLINED:
        text = f"An administrator declined what version {target.number} asks for; they can change their mind."
        return Wait(Because.DECLINED, text, target, person=ADMINISTRATOR, ask=consent.ask)
    text = f"Version {target.number} asks for more; an administrator must approve or decline it."
    return Wait(Because.CONSENT, text, target, person=ADMINISTRATOR, ask=consent.ask)


def _retry_text(facts: InstallationFacts, target: KnownVersion) -> str:
    cause = f": {facts.failure}" if facts.failure else ""
    return f"The app did not accept version {target.number}{cause}. It will be tried again."
