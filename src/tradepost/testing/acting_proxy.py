"""Leads apps that act as users to a host service: `python -m tradepost.testing.acting_proxy --help`.

Frameworks ask for tokens to act as users at one address that is written into them (protocol.md 5.3). They do heed
`HTTPS_PROXY` and, in Node, `NODE_EXTRA_CA_CERTS`. This is such a proxy: it answers for that one address, with a
certificate of its own, by asking the host service. Everything else is refused and noted. For machines of developers
and for tests; it knows no secrets, but whoever can reach it can have signed assertions taken to the host service.
"""

import argparse
import http.client
import ssl
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import IO

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tradepost.server.ports import Address

KNOWN_SERVER = "oauth-2-authorization-server.services.atlassian.com"
"""The one host whose requests are taken to the host service."""

TOKEN_PATH = "/oauth2/token"  # noqa: S105  an address
LARGEST_FORM = 100_000
SECONDS = 15
_LASTS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ActingProxy:
    """A proxy that runs. `asked` are the tokens' requests it took along, `refused` the addresses it did not."""

    url: str
    certificate: Path
    asked: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@contextmanager
def acting_proxy(*, listen: Address, host_url: str, folder: Path, now: datetime) -> Iterator[ActingProxy]:
    """Run the proxy while the block runs. `folder` gets the certificate that apps have to trust, and its key."""
    certificate, key = make_certificate(folder, now=now)
    proxy = ActingProxy(listen.url, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Handler(StreamRequestHandler):
        timeout = SECONDS

        def handle(self) -> None:
            try:
                _serve(self, proxy, context, host_url)
            except (OSError, http.client.HTTPException, ValueError):
                return  # whoever asked has gone, or speaks something else

    ThreadingTCPServer.allow_reuse_address = True
    server = ThreadingTCPServer((listen.host, listen.port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="acting-proxy", daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_certificate(folder: Path, *, now: datetime) -> tuple[Path, Path]:
    """Write a certificate for the one host and its key, new ones each time; return their files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, KNOWN_SERVER)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LASTS)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(KNOWN_SERVER)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "acting-proxy.pem", folder / "acting-proxy.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.touch(mode=0o600)
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, secret


def _serve(handler: StreamRequestHandler, proxy: ActingProxy, context: ssl.SSLContext, host_url: str) -> None:
    """One tunnel: the request for it, then the one request inside."""
    method, target, _ = _read_head(handler.rfile)
    if method != "CONNECT" or target != f"{KNOWN_SERVER}:443":
        proxy.refused.append(target)
        handler.wfile.write(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        return
    handler.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    with context.wrap_socket(handler.connection, server_side=True) as inside, inside.makefile("rb") as reading:
        status, body = _answer(reading, host_url)
        proxy.asked.append(status)
        head = f"HTTP/1.1 {status} {http.client.responses.get(status, 'Answer')}\r\nContent-Type: application/json\r\n"
        inside.sendall(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)


def _answer(reading: IO[bytes], host_url: str) -> tuple[int, bytes]:
    method, target, headers = _read_head(reading)
    length = int(headers.get("Content-Length", "0"))
    # Read in any case: a connection that is closed with bytes unread loses the answer on its way.
    form = reading.read(max(0, min(length, LARGEST_FORM)))
    if (method, target) != ("POST", TOKEN_PATH) or length > LARGEST_FORM:
        return 404, b"{}"
    request = urllib.request.Request(host_url + TOKEN_PATH, form, method="POST")  # noqa: S310
    request.add_header("Content-Type", headers.get("Content-Type", ""))
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310  the host service
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except urllib.error.URLError:
        return 502, b"{}"


def _read_head(reading: IO[bytes]) -> tuple[str, str, Message]:
    """Method, target and headers of a request."""
    words = reading.readline(4_000).decode("latin-1").split()
    if len(words) < 2:
        raise ValueError("This is no request.")
    return words[0], words[1], http.client.parse_headers(reading)  # type: ignore[arg-type]


def main(arguments: list[str]) -> int:
    """Run the proxy until it is stopped."""
    parser = argparse.ArgumentParser(prog="python -m tradepost.testing.acting_proxy", description=main.__doc__)
    parser.add_argument("--listen", type=Address.parse, default=Address("127.0.0.1", 8030), help="where apps reach it")
    parser.add_argument("--host-url", default="http://127.0.0.1:8001", help="the host service")
    parser.add_argument("--folder", type=Path, default=Path(), help="for the certificate that apps have to trust")
    asked = parser.parse_args(arguments)
    now = datetime.now(UTC)  # noqa: TID251  a program of a desk: the house's clock wants the house's settings
    with acting_proxy(listen=asked.listen, host_url=asked.host_url.rstrip("/"), folder=asked.folder, now=now) as proxy:
        print(f"HTTPS_PROXY={proxy.url}\nNODE_EXTRA_CA_CERTS={proxy.certificate.absolute()}", flush=True)  # noqa: T201
        stopped = threading.Event()
        try:
            stopped.wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
