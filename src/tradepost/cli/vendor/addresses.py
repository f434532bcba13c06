"""Which addresses a token may be sent to."""

from ipaddress import ip_address
from urllib.parse import urlsplit

_LONGEST = 500


class AddressError(Exception):
    """The text is no address of a marketplace, or none that a token may be sent to; the message says why."""


def marketplace_address(text: str, *, allow_http: bool) -> str:
    """The address without a slash at its end. Raises AddressError.

    http is for this machine alone: on the way to any other, whoever stands in between reads the token.
    """
    address = text.strip()
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressError(f"{text!r} is no address: {error}") from error
    scheme = parts.scheme.lower()
    if scheme not in {"http", "https"} or not host or len(address) > _LONGEST or not address.isprintable():
        raise AddressError(f"{text!r} is no http or https address, such as https://market.example.com")
    if "@" in parts.netloc or parts.query or parts.fragment or " " in address:
        raise AddressError("the address of a marketplace has no user, no ? and no #")
    if scheme == "http" and not allow_http and not _is_this_machine(host):
        raise AddressError(f"{address} is not encrypted: use https, or say --allow-http in a network that you trust")
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}{f':{port}' if port else ''}{parts.path}".rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
