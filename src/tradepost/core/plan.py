"""What to do with one installation now: start an upgrade, wait for something, or nothing.

One function decides for the worker, the pages that explain, and the simulation. It sees facts and a time, touches
nothing, and every answer carries its reason.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum

from .consent import Ask, Consent, ConsentKind, ConsentPolicy, Terms, decide_consent, what_is_asked
from .window import MaintenanceWindow, touchable_at


class Because(StrEnum):
    """Why an installation waits. Stable words, shown to people and sent over the wire."""

    CONSENT = "consent"
    DECLINED = "declined"
    WINDOW = "window"
    RETRY = "retry"
    TURN = "turn"
    VENDOR = "vendor"


@dataclass(frozen=True, slots=True)
class KnownVersion:
    """What the plan needs of a version: its number, its place in the order, and what it asks."""

    number: str
    order_key: int
    terms: Terms


class Rollout(StrEnum):
    """A rollout that the vendor started, as far as the site that it reaches has found it to be one."""

    BULK = "bulk"
    """To another major that gives no new right: nobody is asked."""
    ROLLING = "rolling"
    """Code goes ahead of permissions, since the app looks after them itself (`permissions.enforcement`)."""


@dataclass(frozen=True, slots=True)
class InstallationFacts:
    """All that the plan looks at.

    `running` is None before the first installation succeeded. `approved` is the terms an unused approval covers,
    `approved_asks` the fingerprints of all such, `declined` those of asks that were declined. `by_administrator` is
    True while an administrator's own act (installing, approving, going ahead of its turn) waits to be carried out.
    `due_since` is when the upgrade fell due, `retry_at` the next try after a failure, with `failure` in words.

    Of deployed apps: `within` is the newest version of the major that the site runs, where `newest` is of another one.
    `granted` is the version whose permissions the site has granted, where its code went ahead of them. `rollout` is
    what the vendor started and brings `newest` to this site. Where a watched app becomes a deployed one, `crossing` is
    what that asks, `turn_at` when it is this site's turn, and `for_vendor` says that only a rollout brings it.
    """

    running: KnownVersion | None
    newest: KnownVersion | None
    approved: Terms | None = None
    approved_asks: Collection[str] = ()
    declined: Collection[str] = ()
    by_administrator: bool = False
    window: MaintenanceWindow | None = None
    zone: tzinfo | None = None
    due_since: datetime | None = None
    retry_at: datetime | None = None
    failure: str = ""
    within: KnownVersion | None = None
    granted: KnownVersion | None = None
    rollout: Rollout | None = None
    crossing: Ask | None = None
    turn_at: datetime | None = None
    for_vendor: bool = False

    @property
    def wanted(self) -> KnownVersion | None:
        """What the site is to move to if all that it asks is granted: the newest version, or the one that runs where
        there is no newer one and its permissions are still to be granted. None where there is nothing to grant.
        """
        if self.running is None or self.newest is None:
            return self.newest
        if self.newest.order_key > self.running.order_key:
            return self.newest
        return None if self.granted is None else self.running

    @property
    def silent(self) -> KnownVersion | None:
        """The newest version of the major that a deployed app runs here, where that is newer: nobody is asked for it,
        whatever was granted.
        """
        for version in (self.newest, self.within):
            if version is not None and self.running is not None and _is_minor(self.running, version):
                return version
        return None


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: because of what, until when or until which person acts, and a sentence that says so.

    `also` is what else waits, for a person: a version that asks for more, while one that asks nothing is on its way.
    """

    because: Because
    text: str
    target: KnownVersion
    until: datetime | None = None
    person: str | None = None
    ask: Ask | None = None
    also: "Wait | None" = None

    def __post_init__(self) -> None:
        assert (self.until is None) != (self.person is None), "a wait ends at a time or by a person"


@dataclass(frozen=True, slots=True)
class Start:
    """Call the app now, to bring the site to `target`. With `keeps_grant` its code goes ahead of its permissions.

    `also` is as in `Wait`.
    """

    target: KnownVersion
    consent: Consent | None
    keeps_grant: bool = False
    also: Wait | None = None


@dataclass(frozen=True, slots=True)
class Nothing:
    """The site runs the newest version it may know of."""


Plan = Start | Wait | Nothing

ADMINISTRATOR = "site administrator"
VENDOR = "vendor"


def plan_upgrade(facts: InstallationFacts, *, now: datetime, policy: ConsentPolicy) -> Plan:
    """Return what to do with the installation at `now` (aware, UTC).

    The order is: what `find_intent` says; is a pause after a failure over; may the site be touched.
    """
    intent = find_intent(facts, now=now, policy=policy)
    return _carry_out(facts, intent, now) if isinstance(intent, Start) else intent


def find_intent(facts: InstallationFacts, *, now: datetime, policy: ConsentPolicy) -> Plan:
    """Return what is to be done with the installation, whether or not it can be done at this very moment.

    The order is: is there anything newer, or anything to be granted; may it come without asking, or was it approved; if
    not, is there something that may; is it the site's turn. Source: domain.md sections 2.4, 3.3, 3.5, 4.1 and 4.5 to
    4.8.
    """
    if facts.newest is None:
        return Nothing()
    consent, target = find_consent(facts, policy=policy), facts.wanted
    if target is None or consent is None:
        # The first version is the administrator's own act: what is asked was shown and taken with it.
        return Start(facts.newest, None) if facts.running is None else Nothing()
    # A rollout that gives nothing new asks nobody, also where the step to that major was declined: it was no right.
    by_rollout = facts.rollout is Rollout.BULK and target is not facts.running
    if consent.may_upgrade or by_rollout:
        return _hold_back(facts, consent, target, now) or Start(target, consent)
    for_person = _wait_for_person(consent, target)
    ahead = _code_ahead(facts, target)
    if ahead is None:
        return for_person
    keeps = facts.granted is not None or facts.silent is not ahead
    return Start(ahead, None, keeps_grant=keeps, also=for_person)


def find_consent(facts: InstallationFacts, *, policy: ConsentPolicy) -> Consent | None:
    """How the question of consent stands for `facts.wanted`; None where there is nothing to compare."""
    granted, target = facts.granted or facts.running, facts.wanted
    if granted is None or target is None:
        return None
    return decide_consent(
        granted.terms,
        target.terms,
        approved=facts.approved,
        approved_asks=facts.approved_asks,
        declined=facts.declined,
        crossing=facts.crossing,
        policy=policy,
    )


def _code_ahead(facts: InstallationFacts, target: KnownVersion) -> KnownVersion | None:
    """What may come although a person has to decide about `target`: by a rolling release, or in the same major."""
    if facts.rollout is Rollout.ROLLING and target is not facts.running:
        return target
    return facts.silent


def _is_minor(running: KnownVersion, version: KnownVersion) -> bool:
    """A minor has the rights of what runs by the rules of numbering; a site does not take that on trust."""
    is_newer = version.order_key > running.order_key
    is_of_major = version.terms.major is not None and version.terms.major == running.terms.major
    return is_newer and is_of_major and not what_is_asked(running.terms, version.terms)


def _hold_back(facts: InstallationFacts, consent: Consent, target: KnownVersion, now: datetime) -> Wait | None:
    """A watched app becomes a deployed one step by step, unless an administrator goes ahead or has approved it."""
    assert facts.running is not None
    crosses = facts.running.terms.major is None and target.terms.major is not None
    is_early = facts.by_administrator or consent.kind is ConsentKind.COVERED or facts.rollout is Rollout.BULK
    if not crosses or is_early:
        return None
    if facts.for_vendor:
        text = f"Version {target.number} comes when its vendor starts a rollout, or when you update."
        return Wait(Because.VENDOR, text, target, person=VENDOR)
    if facts.turn_at is not None and facts.turn_at > now:
        text = f"Version {target.number} reaches one site after the other; this one has its turn later."
        return Wait(Because.TURN, text, target, until=facts.turn_at)
    return None


def _carry_out(facts: InstallationFacts, start: Start, now: datetime) -> Start | Wait:
    """Start, unless there is a pause after a failure or the site must not be touched."""
    number = start.target.number
    wait = None
    if facts.retry_at is not None and facts.retry_at > now:
        wait = Wait(Because.RETRY, _retry_text(facts, start.target), start.target, until=facts.retry_at)
    elif not facts.by_administrator and facts.window is not None and facts.zone is not None:
        until = touchable_at(facts.window, now=now, zone=facts.zone, due_since=facts.due_since or now)
        if until is not None:
            text = f"Version {number} waits for the end of the maintenance window."
            wait = Wait(Because.WINDOW, text, start.target, until=until)
    return start if wait is None else replace(wait, also=start.also)


def _wait_for_person(consent: Consent, target: KnownVersion) -> Wait:
    if consent.kind is ConsentKind.DECLINED:
        text = f"An administrator declined what version {target.number} asks for; they can change their mind."
        return Wait(Because.DECLINED, text, target, person=ADMINISTRATOR, ask=consent.ask)
    text = f"Version {target.number} asks for more; an administrator must approve or decline it."
    return Wait(Because.CONSENT, text, target, person=ADMINISTRATOR, ask=consent.ask)


def _retry_text(facts: InstallationFacts, target: KnownVersion) -> str:
    cause = f": {facts.failure}" if facts.failure else ""
    return f"The app did not accept version {target.number}{cause}. It will be tried again."
