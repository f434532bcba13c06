"""Takes mail by SMTP and shows it on a page; nothing is sent on. For development and tests.

`python -m tradepost.server.mailcatcher --smtp 127.0.0.1:8025 --http 127.0.0.1:8026`
"""

import argparse
import asyncio
import email
import email.policy
import email.utils
import signal
import sys
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from tradepost.server.mailpages import page_of_list, page_of_message
from tradepost.server.ports import Address

MOST_MESSAGES = 1000  # the oldest one goes when one more arrives
LARGEST_MESSAGE = 1024 * 1024  # bytes
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class Message:
    """One caught mail. `to` is whom it was really addressed to, which the headers may not say."""

    number: int
    sender: str
    to: tuple[str, ...]
    subject: str
    date: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.number,
            "from": self.sender,
            "to": list(self.to),
            "subject": self.subject,
            "date": self.date,
            "headers": [list(pair) for pair in self.headers],
            "text": self.text,
            "html": self.html,
        }


class Mailbox:
    """The caught mails, in memory, newest last; also what aiosmtpd calls for each of them."""

    def __init__(self, *, most: int = MOST_MESSAGES) -> None:
        self._most = most
        self._messages: OrderedDict[int, Message] = OrderedDict()
        self._last_number = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one mail; the name and the answer are aiosmtpd's."""
        self.keep(envelope.mail_from or "", envelope.rcpt_tos, envelope.content or b"")
        return "250 kept"

    def keep(self, sender: str, recipients: Sequence[str], content: bytes | str) -> Message:
        raw = content.encode() if isinstance(content, str) else content
        self._last_number += 1
        message = read_message(self._last_number, sender, recipients, raw)
        self._messages[message.number] = message
        while len(self._messages) > self._most:
            self._messages.popitem(last=False)
        return message

    def find(self, number: int) -> Message | None:
        return self._messages.get(number)

    def newest_first(self, *, to: str = "") -> list[Message]:
        """Return the mails to this address, without regard to case; all of them for an empty one."""
        wanted = to.strip().casefold()
        found = (
            message
            for message in reversed(self._messages.values())
            if not wanted or wanted in (recipient.casefold() for recipient in message.to)
        )
        return list(found)

    def clear(self) -> None:
        self._messages.clear()


def read_message(number: int, sender: str, recipients: Sequence[str], raw: bytes) -> Message:
    """Read a mail leniently: what cannot be decoded is replaced, never refused."""
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    return Message(
        number=number,
        sender=sender,
        to=tuple(recipients),
        subject=str(parsed.get("Subject", "")),
        date=str(parsed.get("Date", "")),
        headers=tuple((name, str(value)) for name, value in parsed.items()),
        text=_body(parsed, "plain"),
        html=_body(parsed, "html"),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    charset = part.get_content_charset() or "utf-8"
    content = payload if isinstance(payload, bytes) else b""
    try:
        return content.decode(charset, errors="replace").replace("\r\n", "\n")
    except LookupError:  # a character set that nobody knows
        return content.decode("utf-8", errors="replace").replace("\r\n", "\n")


def make_web_app(mailbox: Mailbox) -> web.Application:
    """Return the pages `/` and `/mail/{id}` and the JSON addresses under `/messages`."""

    async def show_list(request: web.Request) -> web.Response:
        to = request.query.get("to", "")
        return _page(page_of_list(mailbox.newest_first(to=to), to=to))

    async def show_message(request: web.Request) -> web.Response:
        return _page(page_of_message(_get(mailbox, request)))

    async def list_messages(request: web.Request) -> web.Response:
        found = mailbox.newest_first(to=request.query.get("to", ""))
        return web.json_response({"messages": [message.as_json() for message in found]})

    async def read_one(request: web.Request) -> web.Response:
        return web.json_response(_get(mailbox, request).as_json())

    async def delete_all(_request: web.Request) -> web.Response:
        mailbox.clear()
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get("/", show_list)
    app.router.add_get(r"/mail/{id:\d+}", show_message)
    app.router.add_get("/messages", list_messages)
    app.router.add_get(r"/messages/{id:\d+}", read_one)
    app.router.add_delete("/messages", delete_all)
    return app


def _get(mailbox: Mailbox, request: web.Request) -> Message:
    message = mailbox.find(int(request.match_info["id"]))
    if message is None:
        raise web.HTTPNotFound(text="There is no such mail (any more).")
    return message


def _page(html: str) -> web.Response:
    return web.Response(text=html, content_type="text/html", headers=PAGE_HEADERS)


async def serve(mailbox: Mailbox, *, smtp: Address, http: Address, until: asyncio.Event) -> None:
    """Listen on both addresses until the event is set; raises OSError when one cannot be had."""
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(mailbox, data_size_limit=LARGEST_MESSAGE, enable_SMTPUTF8=True, hostname="tradepost", loop=loop)

    post = await loop.create_server(session, smtp.host, smtp.port)
    runner = web.AppRunner(make_web_app(mailbox), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, http.host, http.port, shutdown_timeout=1).start()
        await until.wait()
    finally:
        post.close()
        await runner.cleanup()


async def _serve_until_told(smtp: Address, http: Address) -> None:
    until = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, until.set)
    await serve(Mailbox(), smtp=smtp, http=http, until=until)


def main(arguments: list[str]) -> int:
    """Catch mail until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tradepost.server.mailcatcher", description=main.__doc__)
    parser.add_argument("--smtp", type=Address.parse, default=Address("127.0.0.1", 8025), help="host:port")
    parser.add_argument("--http", type=Address.parse, default=Address("127.0.0.1", 8026), help="host:port")
    asked = parser.parse_args(arguments)
    try:
        asyncio.run(_serve_until_told(asked.smtp, asked.http))
    except OSError as error:
        print(f"The mail catcher cannot listen: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
