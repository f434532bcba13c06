"""Scopes: the permissions an app asks for, what they imply, and how to say them to a person.

Source: domain.md 2.3. A host product may bring its own implications; those of the Connect products stand
here.
"""

from collections.abc import Iterable, Mapping
from string import ascii_lowercase, ascii_uppercase
from types import MappingProxyType

NONE = "NONE"

KNOWN: Mapping[str, str] = MappingProxyType(
    {
        NONE: "use no permission at all",
        "READ": "read what is in the site",
        "WRITE": "create and change content in the site",
        "DELETE": "delete content in the site",
        "PROJECT_ADMIN": "administer projects",
        "SPACE_ADMIN": "administer spaces",
        "ADMIN": "administer the whole site",
        "ACT_AS_USER": "act in the name of users",
        "ACCESS_EMAIL_ADDRESSES": "see the e-mail addresses of users",
    }
)
"""Known scopes and what each lets an app do, as words that complete "The app may ..."."""

_DELETE = frozenset({"DELETE", "WRITE", "READ"})

CONNECT: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "WRITE": frozenset({"READ"}),
        "DELETE": frozenset({"WRITE", "READ"}),
        "PROJECT_ADMIN": _DELETE,
        "SPACE_ADMIN": _DELETE,
        # One marketplace serves both products, so ADMIN grants the administration of either one's containers.
        "ADMIN": _DELETE | {"PROJECT_ADMIN", "SPACE_ADMIN"},
    }
)
"""Scope -> what it grants besides itself. A scope that is missing here grants only itself."""

_ASCII_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)


def canonical(name: str) -> str:
    """The name with ASCII letters in upper case and nothing else touched.

    `str.upper` would also turn a dotless i into I, and an unknown scope would pass for a known one.
    """
    return name.translate(_ASCII_UPPER)


def expand(names: Iterable[str], *, implications: Mapping[str, frozenset[str]] = CONNECT) -> frozenset[str]:
    """The rights that a set of scopes amounts to: canonical names with all they imply, without NONE."""
    rights: set[str] = set()
    to_follow = [canonical(name) for name in names]
    while to_follow:
        name = to_follow.pop()
        if name not in rights:
            rights.add(name)
            to_follow.extend(implications.get(name, ()))
    return frozenset(rights - {NONE})


def plain_words(name: str) -> str:
    """What the scope lets an app do, as words that complete "The app may ..."."""
    known = KNOWN.get(canonical(name))
    return known if known is not None else f"use the scope {canonical(name)}, which is not known here"
