"""Which addresses may be called: schemes, ports, names and ranges."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from tradepost.foundation.outgoing.messages import OutgoingError, OutgoingProblem

MAX_ADDRESS_LENGTH = 2_000
"""Characters of a whole URL; longer ones are cut by proxies on the way."""

DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Destination:
    """A parsed address: where to connect, and what to ask for there exactly as it was written."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Two addresses with the same origin are the same server as far as redirects go."""
        return self.scheme, self.host, self.port

    @property
    def name(self) -> str:
        """Host and port as shown to people; the port only where it is unusual."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address without its fragment."""
        return f"{self.scheme}://{self.name}{self.target}"


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What the operator lets strangers' addresses point to.

    ``development`` allows http, any port and loopback. ``allowed_networks`` are the operator's
    exceptions; a metadata address is allowed only by a network that holds nothing else.
    """

    development: bool = False
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    allowed_ports: frozenset[int] = frozenset({443, 8080})
    schemes: frozenset[str] = frozenset({"https"})

    def destination(self, url: str) -> Destination:
        """Read a URL. Raises OutgoingError when it is malformed or its scheme, port or host is refused."""
        destination = _read(url, schemes=self.schemes | ({"http"} if self.development else frozenset()))
        if not self.development and destination.port not in self.allowed_ports:
            allowed = " and ".join(str(port) for port in sorted(self.allowed_ports))
            text = f"{destination.host}: port {destination.port} is not allowed; allowed are {allowed}."
            raise OutgoingError(OutgoingProblem.FORBIDDEN_PORT, text)
        self._check_host(destination.host)
        return destination

    def check(self, host: str, address: str) -> None:
        """Raises OutgoingError when ``host`` resolved to an address that must not be called."""
        reason = self.refusal(address)
        if reason is None:
            return
        leads = f"{host} is" if host == address else f"{host} leads to {address},"
        text = f"{leads} {reason}; such addresses are not called."
        raise OutgoingError(OutgoingProblem.REFUSED_ADDRESS, text)

    def refusal(self, address: str) -> str | None:
        """Why an IP address must not be called, in words ("a private address"); None when it may be."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return "no address"
        return self._refusal(parsed)

    def _refusal(self, address: IPv4Address | IPv6Address) -> str | None:
        if address in METADATA:
            alone = any(address in network and network.num_addresses == 1 for network in self.allowed_networks)
            return None if alone else "a metadata address"
        if any(address in network for network in self.allowed_networks):
            return None
        if self.development and address.is_loopback:
            return None
        for inner in _embedded(address):
            reason = self._refusal(inner)
            if reason is not None:
                return reason
        if isinstance(address, IPv6Address) and _embedded(address):
            return None
        return _special(address)

    def _check_host(self, host: str) -> None:
        """Names that mean this machine wherever they are asked for need no resolver to be refused."""
        loopback_allowed = self.refusal("127.0.0.1") is None
        if not loopback_allowed and (host in LOCAL_NAMES or host.endswith(".localhost")):
            text = f"{host} means the machine itself; such addresses are not called."
            raise OutgoingError(OutgoingProblem.REFUSED_ADDRESS, text)


LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})

# Where clouds tell a machine its own credentials. Some lie in ranges that are otherwise public.
METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.169.253",
        "169.254.169.123",
        "169.254.170.2",
        "169.254.170.23",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::253",
        "fd00:ec2::23",
        "fd20:ce::254",
    )
)

# From the IANA registries of special-purpose addresses, written out because what `ipaddress` calls
# global differs between the Python versions we run on.
_SPECIAL = tuple(
    (ip_network(text), words)
    for text, words in (
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "an address shared inside a carrier's network"),
        ("127.0.0.0/8", "a loopback address"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "a documentation address"),
        ("192.88.99.0/24", "a reserved address"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "a benchmarking address"),
        ("198.51.100.0/24", "a documentation address"),
        ("203.0.113.0/24", "a documentation address"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private address"),
        ("ff00::/8", "a multicast address"),
        ("2001::/32", "a tunnel address"),
        ("2001::/23", "a reserved address"),
        ("2001:db8::/32", "a documentation address"),
        ("3fff::/20", "a documentation address"),
    )
)
_GLOBAL_IPV6 = IPv6Network("2000::/3")
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_ISATAP_MARKS = frozenset({0x00005EFE, 0x02005EFE})


def _special(address: IPv4Address | IPv6Address) -> str | None:
    for network, words in _SPECIAL:
        if address in network:
            return words
    if isinstance(address, IPv6Address) and address not in _GLOBAL_IPV6:
        return "a reserved address"
    return None


def _embedded(address: IPv4Address | IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 address a packet ends up at when it is sent to an IPv6 address that stands for one."""
    if isinstance(address, IPv4Address):
        return ()
    number = int(address)
    if address in _MAPPED or address in _NAT64:
        return (IPv4Address(number & 0xFFFFFFFF),)
    if address in _SIX_TO_FOUR:
        return (IPv4Address((number >> 80) & 0xFFFFFFFF),)
    if (number >> 32) & 0xFFFFFFFF in _ISATAP_MARKS and address in _GLOBAL_IPV6:
        return (IPv4Address(number & 0xFFFFFFFF),)
    return ()


_WRITTEN = re.compile(r"[!-~]+")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def _read(url: str, *, schemes: frozenset[str]) -> Destination:
    if len(url) > MAX_ADDRESS_LENGTH or not _WRITTEN.fullmatch(url) or "\\" in url:
        raise _malformed("The address is too long, or holds a space, a line break or a character outside ASCII.")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise _malformed("The address is not a URL.") from None
    if parts.scheme not in schemes:
        allowed = " or ".join(sorted(schemes))
        raise OutgoingError(OutgoingProblem.FORBIDDEN_SCHEME, f"The address must begin with {allowed}.")
    if "@" in parts.netloc or parts.netloc.endswith(":") or port == 0:
        raise _malformed("The address must not hold a user name or an empty port.")
    if port is None:
        port = DEFAULT_PORTS[parts.scheme]
    query = f"?{parts.query}" if parts.query else ""
    return Destination(parts.scheme, _read_host(host), port, (parts.path or "/") + query)


def _read_host(host: str) -> str:
    """A name in lower case without its last dot, or an IP address in its usual spelling."""
    host = host.removesuffix(".")
    if ":" in host:
        try:
            return str(IPv6Address(host)) if "%" not in host else _no_host()
        except ValueError:
            return _no_host()
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return _no_host()
    if _NUMBER.fullmatch(labels[-1]):
        return _read_number(host)
    return host


def _read_number(host: str) -> str:
    """2130706433, 0x7f.1 and 0177.0.0.1 mean 127.0.0.1 to some resolvers, and nobody writes a host so."""
    try:
        return str(IPv4Address(host))
    except ValueError:
        text = f"{host} is an address written in an unusual way; such addresses are not called."
        raise OutgoingError(OutgoingProblem.REFUSED_ADDRESS, text) from None


def _no_host() -> str:
    raise _malformed("The address has no readable host name.")


def _malformed(text: str) -> OutgoingError:
    return OutgoingError(OutgoingProblem.MALFORMED_ADDRESS, text)
