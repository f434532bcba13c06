"""The marketplace over real HTTP: at a private address, behind a redirect, and gone."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.host.conftest import START
from tests.host.hostworld import MARKETPLACE, Marketplace, descriptor

from tradepost.foundation.clock import new_id
from tradepost.foundation.outgoing import OutgoingRequest
from tradepost.host.marketlink.client import MarketplaceClient, MarketplaceError, MarketplaceProblem
from tradepost.wire import messages as wire


@pytest.fixture
def real_marketplace() -> Iterator[tuple[Marketplace, str]]:
    """A marketplace on a port of this machine, which strangers' addresses must never lead to."""
    marketplace = Marketplace()

    class Answers(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if marketplace.trouble == "redirect":
                self.send_response(307)
                self.send_header("Location", "/wire/1/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            headers = (("Authorization", self.headers.get("Authorization", "none")),)
            status, answer = marketplace.answer(
                OutgoingRequest(self.command, MARKETPLACE + self.path, headers=headers, body=body)
            )
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = _answer  # noqa: N815  the library's names

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield marketplace, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def ask(client: MarketplaceClient) -> wire.CheckAnswer:
    running = [wire.Running(app="demo", version="1.0.0")]
    site = wire.SiteCheck(site=new_id(), base_url="http://a.example", name="a", installations=running)
    return client.check(wire.Check(sites=[site]))


def test_a_private_address_of_the_marketplace_is_called_although_strangers_addresses_are_not(
    real_marketplace: tuple[Marketplace, str],
) -> None:
    marketplace, url = real_marketplace
    marketplace.publish(descriptor("demo", "https://app.example"), "1.0.1", at=START)
    answer = ask(MarketplaceClient(url, marketplace.credential))
    assert [offer.version for offer in answer.offers] == ["1.0.1"]
    raw = MarketplaceClient(url, marketplace.credential).descriptor(answer.versions[0].descriptor)
    assert b"app.example" in raw


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        ("redirect", MarketplaceProblem.NONSENSE),
        ("500", MarketplaceProblem.DOWN),
        ("nonsense", MarketplaceProblem.NONSENSE),
    ],
)
def test_trouble_has_a_kind_and_a_sentence(
    real_marketplace: tuple[Marketplace, str], trouble: str, kind: MarketplaceProblem
) -> None:
    marketplace, url = real_marketplace
    marketplace.trouble = trouble
    with pytest.raises(MarketplaceError, match="The marketplace") as raised:
        ask(MarketplaceClient(url, marketplace.credential))
    assert raised.value.kind is kind


def test_a_wrong_credential_is_refused(real_marketplace: tuple[Marketplace, str]) -> None:
    with pytest.raises(MarketplaceError, match="refuses our credential"):
        ask(MarketplaceClient(real_marketplace[1], "tph_wrong"))


def test_a_marketplace_that_is_gone_is_down() -> None:
    with pytest.raises(MarketplaceError, match="cannot be reached") as raised:
        ask(MarketplaceClient("http://127.0.0.1:9", "tph_x"))
    assert raised.value.kind is MarketplaceProblem.DOWN
