"""Access tokens as people paste them: alone, or in the installation link that a vendor hands out.

A link is one of ours only at the very origin and path of the marketplace that this host service is linked to. A token
is a secret: nothing here puts one into an error, and `without_token` takes it out of texts of others.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from tradepost.core.errors import InvalidInputError
from tradepost.host.marketlink.models import MarketplaceLink

PREFIX = "tpa_"
"""What every access token of a Tradepost marketplace begins with."""

PARAMETER = "access-token"
LONGEST = 2000
_TOKEN = re.compile(r"tpa_[A-Za-z0-9_-]{8,196}")
_HIDDEN_TOKEN = re.compile(r"tpa_[A-Za-z0-9_-]{8,}", re.IGNORECASE)
_PATH = re.compile(r"/apps/([A-Za-z0-9._-]{1,64})/descriptor")
_PORTS = {"http": 80, "https": 443}

NOT_A_TOKEN = f"That is no access token: one begins with {PREFIX}, and its vendor can copy it only once."
INCOMPLETE = "This link carries no access token; paste the whole link as its vendor copied it."
FOREIGN = (
    "This address carries an access token and does not lead to the marketplace of this site ({}), so it was not opened."
)


@dataclass(frozen=True, slots=True)
class PastedToken:
    """An access token, and the key of the app that its link names; None for a token alone."""

    token: str = field(repr=False)
    app: str | None


def read_token(text: str) -> PastedToken:
    """The token in what somebody pasted: the token itself or its whole link, with spaces and line ends anywhere.

    Raises InvalidInputError, which never repeats what was pasted.
    """
    pasted = "".join(text.split())
    if _TOKEN.fullmatch(pasted):
        return PastedToken(pasted, None)
    link = read_link(pasted)
    if link is None:
        raise InvalidInputError(NOT_A_TOKEN, "/token")
    return link


def read_link(address: str) -> PastedToken | None:
    """The app and token of an installation link of our marketplace; None for any other address.

    Raises InvalidInputError for such a link without a token, and for an address elsewhere that carries one: it would
    be told to strangers.
    """
    address = "".join(address.split())
    found = _find_app(address)
    if found is None:
        if holds_token(address) and "://" in address:
            raise InvalidInputError(FOREIGN.format(_marketplace_url() or "it has none yet"), "/url")
        return None
    app, query = found
    given = parse_qs(query).get(PARAMETER, [])
    if len(given) != 1 or not _TOKEN.fullmatch(given[0]):
        raise InvalidInputError(INCOMPLETE, "/url")
    return PastedToken(given[0], app)


def holds_token(text: str) -> bool:
    """Whether there is something in a text that may be an access token."""
    return _HIDDEN_TOKEN.search(unquote(text)) is not None


def without_token(text: str) -> str:
    """A text with every access token in it made unreadable."""
    return _HIDDEN_TOKEN.sub(f"{PREFIX}…", text)


def descriptor_address(app: str) -> str:
    """Where the marketplace has an app's newest descriptor: an installation link without its token."""
    return f"{_marketplace_url()}/apps/{app}/descriptor"


def is_own(address: str) -> bool:
    """Whether an address is one of our marketplace's descriptors, whatever its query says."""
    return _find_app(address) is not None


def _find_app(address: str) -> tuple[str, str] | None:
    own = _split(_marketplace_url())
    asked = _split(address) if len(address) <= LONGEST else None
    if own is None or asked is None or _origin(own) != _origin(asked) or asked.fragment:
        return None
    base = own.path.rstrip("/")
    found = _PATH.fullmatch(asked.path.removeprefix(base)) if asked.path.startswith(base) else None
    return (found.group(1), asked.query) if found else None


def _split(address: str) -> SplitResult | None:
    """The parts of an http or https address; None for any other text, and for one with a user's name in it."""
    try:
        parts = urlsplit(address)
        is_address = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_address and not {"@", "\\"} & set(parts.netloc) else None


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS[parts.scheme]


def _marketplace_url() -> str:
    return MarketplaceLink.objects.values_list("url", flat=True).first() or ""
