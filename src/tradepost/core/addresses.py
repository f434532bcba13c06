"""Addresses that a descriptor may name: its base URL and the paths of its lifecycle calls.

Judged by their text alone; what a name resolves to is checked where a connection is made. Source: domain.md
1.6 and 3.4, protocol.md 7.2, and 12 no. 26.
"""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from tradepost.core.document import kind_of, shown

_LONGEST_BASE_URL = 200
_LONGEST_PATH = 500
_LONGEST_HOST = 253
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ALLOWED_URL = re.compile(r"[!-\[\]^_a-z{|}~]+")
"""Visible ASCII without the backslash: parsers disagree about everything else."""
_HOST_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.?")
_NUMBER_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOCAL_NAMES = ("localhost", "localhost.localdomain")
_TRANSLATED_TO_IPV4 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with an address. `about_place` is true where it is well formed but lies where it should
    not.
    """

    text: str
    rule: str
    about_place: bool = False


def complain_about_base_url(
    value: object, *, allowed_ports: Collection[int], forbidden_origins: Collection[str]
) -> list[Complaint]:
    """Everything wrong with a base URL, for a listing that the whole world may use."""
    if not isinstance(value, str):
        return [Complaint(f"baseUrl must be a string, not {kind_of(value)}.", "base_url.type")]
    parts = _split(value)
    if parts is None:
        wanted = f"an http or https URL of at most {_LONGEST_BASE_URL} characters"
        text = f"baseUrl must be {wanted}, not {shown(value)!r}."
        return [Complaint(text, "base_url.form")]
    return [
        *_complain_about_parts(value, parts),
        *_complain_about_origin(parts, forbidden_origins),
        *_complain_about_place(parts, allowed_ports),
    ]


def complain_about_path(value: object) -> str | None:
    """What is wrong with a lifecycle path, or None. It is a path relative to the base URL, never another
    address.
    """
    if not isinstance(value, str):
        return f"A lifecycle entry must be a string, not {kind_of(value)}."
    if len(value) > _LONGEST_PATH:
        return f"A lifecycle path has at most {_LONGEST_PATH} characters."
    path = value.partition("?")[0]
    decoded_dots = path.lower().replace("%2e", ".")
    if not path.startswith("/") or "//" in path or _ALLOWED_URL.fullmatch(value) is None:
        return f"A lifecycle entry must be a path from baseUrl that starts with /, not {shown(value)!r}."
    if "#" in value or ".." in decoded_dots.split("/"):
        return f"A lifecycle path must not contain .. or #: {shown(value)!r}."
    return None


def origin_of(url: str) -> str | None:
    """`scheme://host:port` of an http or https URL in one form, port always named; None where it is no such
    URL.
    """
    parts = _split(url)
    if parts is None:
        return None
    return _origin(parts)


def is_public_host(host: str) -> bool:
    """Whether the text of a host may lie in the open internet: no local name and no special address."""
    name = host.lower().rstrip(".")
    if name in _LOCAL_NAMES or name.endswith(".localhost"):
        return False
    try:
        return _is_public_address(ipaddress.ip_address(name))
    except ValueError:
        # Some resolvers read 127.1, 0x7f000001 and 2130706433 as addresses; no public name ends in a number.
        return _NUMBER_LABEL.fullmatch(name.rpartition(".")[2]) is None


def _is_public_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _TRANSLATED_TO_IPV4:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public_address(inner)
    return address.is_global and not address.is_multicast


def _split(value: str) -> SplitResult | None:
    """The parts of a well-formed http or https URL, else None."""
    if len(value) > _LONGEST_BASE_URL or _ALLOWED_URL.fullmatch(value) is None:
        return None
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host or port == 0:
        return None
    return parts if _is_host(host) else None


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            return ipaddress.ip_address(host).version == 6 and "%" not in host
        except ValueError:
            return False
    return len(host) <= _LONGEST_HOST and _HOST_NAME.fullmatch(host) is not None


def _complain_about_parts(value: str, parts: SplitResult) -> list[Complaint]:
    found = []
    if "@" in parts.netloc:
        found.append(Complaint("baseUrl must not contain a user name or password.", "base_url.user"))
    if "?" in value.partition("#")[0]:
        found.append(Complaint("baseUrl must not contain a query.", "base_url.query"))
    if "#" in value:
        found.append(Complaint("baseUrl must not contain a fragment.", "base_url.fragment"))
    return found


def _complain_about_origin(parts: SplitResult, forbidden_origins: Collection[str]) -> list[Complaint]:
    forbidden = {origin_of(url) for url in forbidden_origins}
    if _origin(parts) in forbidden:
        text = "The app must not lie on the host service's own origin: its pages could act as the user."
        return [Complaint(text, "base_url.own_origin")]
    return []


def _complain_about_place(parts: SplitResult, allowed_ports: Collection[int]) -> list[Complaint]:
    found = []
    if parts.scheme != "https":
        found.append(Complaint("baseUrl must use https.", "base_url.https", about_place=True))
    port = parts.port
    if port is not None and port not in allowed_ports:
        allowed = " or ".join(str(number) for number in sorted(allowed_ports))
        found.append(Complaint(f"baseUrl must use port {allowed}, not {port}.", "base_url.port", about_place=True))
    host = parts.hostname or ""
    if not is_public_host(host):
        text = f"baseUrl must lie on a public host, not {host}."
        found.append(Complaint(text, "base_url.private", about_place=True))
    return found


def _origin(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    return f"{parts.scheme}://{host}:{parts.port or _DEFAULT_PORTS[parts.scheme]}"
