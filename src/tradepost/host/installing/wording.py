"""What an app may do, in plain words, for people who decide."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tradepost.core.consent import Terms
from tradepost.core.manifest_rights import Permission
from tradepost.core.manifest_scopes import connect_scope
from tradepost.core.scopes import KNOWN, plain_words

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "payment": "Price",
        "scope": "Scopes",
        "remote": "Services that it calls and is served by",
        "address": "Addresses that it and its pages reach",
        "content": "What its pages may run and load",
        "sign-in provider": "Accounts elsewhere that users are asked for",
    }
)
"""The kinds of permissions that a manifest has, in the order and by the names in which people read them."""

REACHES: Mapping[str, str] = MappingProxyType(
    {
        "fetch.backend": "Its service reaches",
        "fetch.client": "Its pages reach",
        "images": "Its pages load images from",
        "scripts": "Its pages run scripts from",
        "styles": "Its pages load styles from",
        "fonts": "Its pages load fonts from",
        "frames": "Its pages show frames of",
        "media": "Its pages play media of",
    }
)
"""The kinds of addresses (`core.manifest_facts.EGRESS_KINDS`) as people read them."""

NO_RIGHT = "no right here: it is for code that does not run here"


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


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of one kind under a title, which may be empty."""

    title: str
    changes: Sequence[Change]


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
    return _sorted(changes)


def _sorted(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: ("new", "kept", "dropped").index(change.kind))


def permission_groups(permissions: Iterable[Permission], *, before: str = "granted", none: str = "no") -> list[Group]:
    """What a site has granted beside what a manifest asks, by kinds; what is new first in each.

    `before` and `none` are how it is called that something was, or was not, granted.
    """
    found: dict[str, list[Change]] = {}
    for each in permissions:
        kind = "kept" if each.granted and each.asked else "new" if each.asked else "dropped"
        label, name = _permission_words(each)
        line = Change(label, name, before if each.granted else none, "asked" if each.asked else "no", kind)
        found.setdefault(each.kind, []).append(line)
    titles = {**GROUPS, **{kind: _capital(kind) for kind in found if kind not in GROUPS}}
    return [Group(title, _sorted(found[kind])) for kind, title in titles.items() if kind in found]


def _permission_words(permission: Permission) -> tuple[str, str]:
    """A scope that gives a right here by what it lets the app do; everything else as the manifest has it."""
    kind, _, rest = permission.text.partition(": ")
    if permission.kind == "address" and kind in REACHES:
        return f"{REACHES[kind]} {rest}", ""
    if permission.kind != "scope":
        text = permission.text
        return (_capital(text) if permission.kind in {"payment", "address"} else text), ""
    scope = connect_scope(permission.text)
    if scope is None or scope not in KNOWN:
        return permission.text, NO_RIGHT
    return _capital(plain_words(scope)), permission.text


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
