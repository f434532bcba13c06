"""What an app may do, in plain words, for people who decide."""

from collections.abc import Iterable
from dataclasses import dataclass

from tradepost.core.consent import Terms
from tradepost.core.scopes import KNOWN, plain_words


@dataclass(frozen=True, slots=True)
class Right:
    """One right. `is_known` is False for a scope nobody here knows what it does."""

    name: str
    words: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One line of "granted beside asked". `kind` is new, kept or dropped; `name` is that of a known scope."""

    label: str
    name: str
    before: str
    after: str
    kind: str


def rights_in_words(names: Iterable[str]) -> list[Right]:
    """Rights as sentences that begin with what the app may do."""
    return [Right(name, _capital(plain_words(name)), name in KNOWN) for name in sorted(names)]


def terms_side_by_side(before: Terms, after: Terms) -> list[Change]:
    """What a site has granted beside what a version asks: what is new first, then what stays, then what goes."""
    changes = [_right_change(right, before, after) for right in rights_in_words(before.rights | after.rights)]
    if before.paid or after.paid:
        kind = "kept" if before.paid == after.paid else "new" if after.paid else "dropped"
        changes.append(Change("Price", "", _price(before), _price(after), kind))
    if before.api_version != after.api_version:
        kind = "new" if after.api_version > before.api_version else "dropped"
        changes.append(Change("Major version", "", str(before.api_version), str(after.api_version), kind))
    return sorted(changes, key=lambda change: ("new", "kept", "dropped").index(change.kind))


def _right_change(right: Right, before: Terms, after: Terms) -> Change:
    has, wants = right.name in before.rights, right.name in after.rights
    kind = "kept" if has and wants else "new" if wants else "dropped"
    return Change(
        right.words, right.name if right.is_known else "", "granted" if has else "no", "asked" if wants else "no", kind
    )


def _price(terms: Terms) -> str:
    return "paid" if terms.paid else "free"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
