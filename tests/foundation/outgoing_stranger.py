"""Servers and name servers that misbehave as they are told, for the tests of the guarded client."""

import datetime as dt
import re
import socketserver
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tradepost.foundation.outgoing import NameNotFoundError, OutgoingError, OutgoingRequest, Timeout

SHORT = Timeout(connect=0.3, total=0.4)


class Stranger:
    """A server that does what it is told by ``behave(connection, request bytes, stop)``."""

    def __init__(self, behave, *, tls=None):
        self.requests = []
        self.at_once = self.most_at_once = 0
        self.stop = threading.Event()
        self._lock = threading.Lock()
        stranger = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                stranger._serve(self.request, behave)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 64

            def get_request(self):
                connection, peer = super().get_request()
                return (tls.wrap_socket(connection, server_side=True) if tls else connection), peer

            def handle_error(self, request, client_address):
                """The other side going away is what these tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def url(self, path="/", *, scheme="http", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.port}{path}"

    def _serve(self, connection, behave):
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            received = b""
            while not _is_whole(received):
                chunk = connection.recv(65536)
                if not chunk:
                    return
                received += chunk
            self.requests.append(received)
            behave(connection, received, self.stop)
        except OSError:
            pass  # the client hung up, as it should
        finally:
            with self._lock:
                self.at_once -= 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self.stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _is_whole(received):
    head, end, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    return end and len(body) >= int(length[1] if length else 0)


class Names:
    """A resolver that gives one prepared answer after the other and repeats the last."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def addresses(self, host):
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise NameNotFoundError(host)
        return answer


def answer(body=b"{}", *, status="200 OK", headers=()):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    whole = "\r\n".join(lines).encode() + body
    return lambda connection, _request, _stop: connection.sendall(whole)


def raw(*pieces, then_wait=False):
    def behave(connection, _request, stop):
        for piece in pieces:
            connection.sendall(piece)
        if then_wait:
            stop.wait(5)

    return behave


def problem_of(client, url, **options):
    options.setdefault("timeout", SHORT)
    with pytest.raises(OutgoingError) as problem:
        client.send(OutgoingRequest("GET", url, **options))
    assert "secret" not in problem.value.text
    return problem.value


def tls_of(folder, name):
    """A server's and a trusting client's context for a fresh self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    year = dt.timedelta(days=365)
    middle = dt.datetime.now(dt.UTC)  # noqa: TID251 - TLS knows only the machine's clock
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(middle - year)
        .not_valid_after(middle + year)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "both.pem"
    path.write_bytes(private + certificate.public_bytes(pem))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))
