"""Consent: whether an administrator has to be asked before one site moves to an offered version.

Decided once per installation, between the newest offered version and what this site runs; the versions in
between do not matter. Source: domain.md 2.4 and 12 nos. 3, 4, 14, 15 and 19.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from tradepost.core.errors import InvalidInputError
from tradepost.core.reasons import Reason
from tradepost.core.scopes import plain_words
from tradepost.core.version import Change


@dataclass(frozen=True, slots=True)
class Terms:
    """What an administrator agrees to with a version: expanded rights, whether it costs money, its
    `apiVersion`. `major` is that of a deployed version, for which it counts instead; None for a watched one.
    """

    rights: frozenset[str]
    paid: bool
    api_version: int
    major: int | None = None


@dataclass(frozen=True, slots=True)
class ConsentPolicy:
    """What the operator decided where the field's sources disagree (domain.md 1.3)."""

    api_version_needs_consent: bool = True


DEFAULT_POLICY = ConsentPolicy()


@dataclass(frozen=True, slots=True)
class Ask:
    """What a version asks beyond what a site has granted. False when nothing is asked.

    `major` is the one a deployed app moves to. `other` is what else becoming a deployed app asks, as pairs of a rule
    of `EQUIVALENCE_RULES` and a sentence.
    """

    rights: frozenset[str]
    becomes_paid: bool
    api_version: int | None
    major: int | None = None
    other: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        is_newer = self.api_version is not None or self.major is not None
        return bool(self.rights) or self.becomes_paid or is_newer or bool(self.other)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of what is asked, whichever version asks it; the same ask has the same
        fingerprint.
        """
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is asked, in plain words for the administrator who decides."""
        return tuple(reason.text for reason in self.reasons)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """One reason per thing asked."""
        asked = [_asks("right.asked", "/scopes", _sentence_for_right(name)) for name in sorted(self.rights)]
        if self.becomes_paid:
            text = "The app is free now and will have to be paid for."
            asked.append(_asks("payment.asked", "/enableLicensing", text))
        if self.api_version is not None:
            text = f"The app moves to a new major version ({self.api_version}), which may work differently."
            asked.append(_asks("api_version.asked", "/apiVersion", text))
        if self.major is not None:
            text = f"The app moves to its major version {self.major}, which a site never does unasked."
            asked.append(_asks("major.asked", "", text))
        asked += [_asks(rule, "", text) for rule, text in self.other]
        return tuple(asked)

    def to_json(self) -> dict[str, object]:
        """The stored form; `from_json` reads it back. What only deployed apps ask is left out where it is not asked, so
        that the fingerprints of all others stay what they were.
        """
        stored: dict[str, object] = {
            "rights": sorted(self.rights),
            "becomes_paid": self.becomes_paid,
            "api_version": self.api_version,
        }
        if self.major is not None:
            stored["major"] = self.major
        if self.other:
            stored["other"] = [list(pair) for pair in self.other]
        return stored

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Self:
        """Read what `to_json` wrote. Raises InvalidInputError for anything else."""
        rights, paid, api_version = (value.get(name) for name in ("rights", "becomes_paid", "api_version"))
        if not isinstance(rights, list) or not all(isinstance(name, str) for name in rights):
            raise InvalidInputError("rights must be a list of strings", "/rights")
        if not isinstance(paid, bool):
            raise InvalidInputError("becomes_paid must be a boolean", "/becomes_paid")
        if api_version is not None and type(api_version) is not int:
            raise InvalidInputError("api_version must be an integer or null", "/api_version")
        major, other = value.get("major"), value.get("other", [])
        if major is not None and type(major) is not int:
            raise InvalidInputError("major must be an integer or null", "/major")
        if not isinstance(other, list) or not all(_is_pair(each) for each in other):
            raise InvalidInputError("other must be a list of pairs of strings", "/other")
        return cls(frozenset(rights), paid, api_version, major, tuple((rule, text) for rule, text in other))


class ConsentKind(StrEnum):
    """How the question of consent stands for one installation and one offered version."""

    FREE = "free"
    """Nothing is asked."""
    COVERED = "covered"
    """Something is asked, and a standing approval covers it."""
    DECLINED = "declined"
    """Exactly this was asked before and declined: stay, and do not ask again."""
    NEEDED = "needed"
    """An administrator has to decide."""


@dataclass(frozen=True, slots=True)
class Consent:
    """The verdict: what is asked and why it may go on, or may not."""

    kind: ConsentKind
    ask: Ask
    reasons: tuple[Reason, ...]

    @property
    def may_upgrade(self) -> bool:
        """Whether the site may move without another question."""
        return self.kind in {ConsentKind.FREE, ConsentKind.COVERED}


def what_is_asked(running: Terms, offered: Terms, policy: ConsentPolicy = DEFAULT_POLICY) -> Ask:
    """What the offered version asks beyond what the site runs. Fewer rights and paid to free ask nothing.

    Between two deployed versions another major asks, for whatever reason it was made, and a minor never does (domain.md
    4.1): it has the rights of the one before. One that had more all the same would be asked for, whatever its number.
    What a watched app asks that becomes a deployed one is found elsewhere
    (`core.manifest_equivalence.what_crossing_asks`).
    """
    if offered.major is not None and running.major is not None:
        major = offered.major if offered.major != running.major else None
        return Ask(offered.rights - running.rights, offered.paid and not running.paid, None, major)
    return _asked_beyond(
        running.rights, paid=running.paid, api_version=running.api_version, offered=offered, policy=policy
    )


def covers(approved: Terms, running: Terms, offered: Terms, policy: ConsentPolicy = DEFAULT_POLICY) -> bool:
    """Whether an approval of `approved`, given at a site that runs `running`, serves for `offered` as well.

    It does while the offered version asks no more. An approval ends with the next upgrade of the
    installation: what that upgrade dropped would otherwise come back unasked.
    """
    beyond = _asked_beyond(
        running.rights | approved.rights,
        paid=running.paid or approved.paid,
        api_version=max(running.api_version, approved.api_version),
        offered=offered,
        policy=policy,
    )
    return not beyond


def decide_consent(
    running: Terms,
    offered: Terms,
    *,
    approved: Terms | None = None,
    approved_asks: Collection[str] = (),
    declined: Collection[str] = (),
    crossing: Ask | None = None,
    policy: ConsentPolicy = DEFAULT_POLICY,
) -> Consent:
    """Whether the site may move to the offered version, and why.

    `approved` is the standing approval that no upgrade has used yet, `approved_asks` the fingerprints of all such:
    what a deployed version asks is approved as a whole or not at all. `declined` holds fingerprints of asks that were
    declined. A standing approval counts for more than a decline, since declining takes the approval away. `crossing` is
    what a watched app asks that becomes a deployed one, which no numbers and no terms can tell.
    """
    is_crossing = crossing is not None and running.major is None and offered.major is not None
    ask = crossing if is_crossing and crossing is not None else what_is_asked(running, offered, policy)
    if not ask:
        text = "The version asks for nothing that the site has not granted."
        return Consent(ConsentKind.FREE, ask, (Reason("consent.free", "", Change.NONE, False, text),))
    covered = approved is not None and offered.major is None and covers(approved, running, offered, policy)
    if covered or (offered.major is not None and ask.fingerprint in approved_asks):
        text = "An administrator approved this, or more than this, and no upgrade has used the approval yet."
        return Consent(ConsentKind.COVERED, ask, (Reason("consent.covered", "", Change.NONE, False, text),))
    if ask.fingerprint in declined:
        text = "An administrator declined exactly this. The site stays until the ask or their mind changes."
        return Consent(
            ConsentKind.DECLINED, ask, (Reason("consent.declined", "", Change.NONE, True, text), *ask.reasons)
        )
    return Consent(ConsentKind.NEEDED, ask, ask.reasons)


def _is_pair(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(each, str) for each in value)


def _asked_beyond(
    rights: frozenset[str], *, paid: bool, api_version: int, offered: Terms, policy: ConsentPolicy
) -> Ask:
    raised = policy.api_version_needs_consent and offered.api_version > api_version
    return Ask(
        rights=offered.rights - rights,
        becomes_paid=offered.paid and not paid,
        api_version=offered.api_version if raised else None,
    )


def _sentence_for_right(name: str) -> str:
    return f"The app wants to {plain_words(name)} ({name})."


def _asks(rule: str, pointer: str, text: str) -> Reason:
    return Reason(rule, pointer, Change.NONE, True, text)
