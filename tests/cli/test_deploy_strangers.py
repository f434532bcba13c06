"""Whatever answers at the address, a command ends with its status and a sentence, and shows no control characters."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.cli.deployhouse import APP_ID, Desk, manifest

from tradepost.cli.vendor.calling import MOST_BYTES
from tradepost.foundation.callers import Caller

APP = {"id": "00000000-0000-0000-0000-000000000001", "app_id": APP_ID, "name": "N\x1b[31m", "vendor_name": "\u202eA"}
READING = [
    ("whoami",), ("environments",), ("version", "list"), ("version", "details", "1.1"),
    ("version", "compare", "1.1", "1.2"), ("install", "list"), ("rollout", "list"), ("rollout", "status"),
    ("deploy-token", "list"), ("trusted-build", "list"), ("trusted-build", "refused"),
]  # fmt: skip
WRITING = [
    ("register",), ("deploy",), ("version", "withdraw", "1.1"), ("rollout", "start", "--from", "1"),
    ("rollout", "cancel"), ("deploy-token", "make", "x"), ("trusted-build", "add", "--issuer", "i", "--claim", "a=b"),
]  # fmt: skip


class Stranger(ThreadingHTTPServer):
    """Answers everything, or everything but the way to the app, with the same bytes; None hangs up."""

    body: bytes | None = b""
    status, location, knows_app = 200, "", False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.authorizations: list[str] = []


class _Answers(BaseHTTPRequestHandler):
    server: Stranger

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.authorizations.append(self.headers.get("Authorization", ""))
        if self.server.knows_app and self.path.startswith("/api/1/deployed-apps?"):
            self._send(200, json.dumps({"items": [APP], "next": None}).encode())
        elif self.server.body is not None:
            self._send(self.server.status, self.server.body)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815  names that the base class calls

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    with Stranger() as server:
        worker = threading.Thread(target=server.serve_forever, daemon=True)
        worker.start()
        yield server
        server.shutdown()
        worker.join()


@pytest.fixture
def desk(stranger: Stranger, tmp_path: Path) -> Desk:
    folder = tmp_path / "notes"
    folder.mkdir()
    owner: Any = Caller
    found = Desk(f"http://127.0.0.1:{stranger.server_port}", owner, folder, "tp_kept-secret")
    found.write(manifest())
    return found


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"7", b'{"items": 7}', b'{"items": [7]}', b"[" * 100_000])
@pytest.mark.parametrize("knows_app", [False, True])
def test_odd_answers_end_every_command_with_5(desk: Desk, stranger: Stranger, body: bytes, *, knows_app: bool) -> None:
    stranger.body, stranger.knows_app = body, knows_app

    for command in (("version", "list"), ("version", "compare", "1.1", "1.2"), ("rollout", "status"), ("deploy",)):
        ended = desk.run(*command)
        if body.startswith(b'{"items"') and command[0] == "version":
            continue  # nothing is missing that these cannot do without
        assert ended.status == 5, (command, body, ended.out)
        assert ended.err.startswith("tradepost: ")


def test_every_command_survives_an_answer_with_nothing_in_it(desk: Desk, stranger: Stranger) -> None:
    stranger.body, stranger.knows_app = b"{}", True

    for command in READING + WRITING:
        assert desk.run(*command).status in {0, 5}, command


def test_control_characters_of_a_marketplace_do_not_reach_the_terminal(desk: Desk, stranger: Stranger) -> None:
    evil = "\x1b[31m\u202e\r\n"
    inner = {
        "version": evil, "change": evil, "state": evil, "environment": evil, "text": evil, "rule": evil,
        "pointer": evil, "by": evil, "kind": evil, "key": evil, "name": evil, "base_url": evil, "line": 1,
        "column": evil, "id": evil, "to_version": evil, "failed": 0, "email": evil, "scopes": [evil],
    }  # fmt: skip
    names = ("reasons", "review", "equivalence", "warnings", "unrendered", "permissions")
    lists = {name: [inner] for name in names}
    answer = {**inner, **lists, "items": [inner], "ineligible": [{**inner, "reasons": [inner]}], "next": None}
    stranger.body, stranger.knows_app = json.dumps(answer).encode(), True

    problem = json.dumps({"detail": evil, "rule": evil, "problems": [inner]}).encode()
    for command in READING + WRITING:
        stranger.status, stranger.body = 200, json.dumps(answer).encode()
        outputs = [desk.run(*command)]
        stranger.status, stranger.body = 409, problem
        outputs.append(desk.run(*command))
        for ended in outputs:
            assert "\x1b" not in ended.out + ended.err, command
            assert "\u202e" not in ended.out + ended.err
            assert "\r" not in ended.out + ended.err
    assert "\x1b" not in desk.run("deploy", "--json").out


def test_an_answer_that_is_lost_leaves_open_whether_it_was_done(desk: Desk, stranger: Stranger) -> None:
    stranger.body, stranger.knows_app = None, True

    ended = desk.run("deploy", "-e", "production")
    assert ended.status == 5
    assert "it is not known whether this was deployed" in ended.err
    assert "tradepost version list -e production" in ended.err
    tried = desk.run("deploy", "--dry-run")
    assert (tried.status, "not known" in tried.err) == (5, False)


def test_an_id_stays_in_the_manifest_where_nobody_knows_whether_it_was_registered(
    desk: Desk, stranger: Stranger
) -> None:
    place = desk.write("app:\n  name: Notes\n")
    stranger.body, stranger.knows_app = None, True

    first = desk.run("register")
    assert (first.status, "not registered twice" in first.err) == (5, True)
    kept = place.read_bytes()
    assert b"id: ari:tradepost:marketplace::app/" in kept
    assert desk.run("register").status == 5
    assert place.read_bytes() == kept


def test_no_redirect_leads_a_token_away_and_no_proxy_of_http_sees_it(desk: Desk, stranger: Stranger) -> None:
    stranger.status, stranger.location, stranger.body = 302, f"{desk.url}/elsewhere", b""

    assert desk.run("whoami").status == 5
    assert stranger.authorizations == ["Bearer tp_kept-secret"]
    away = desk.run("whoami", "--marketplace", "http://127.0.0.1:9", http_proxy=desk.url, HTTP_PROXY=desk.url)
    assert (away.status, len(stranger.authorizations)) == (5, 1)


def test_an_endless_answer_is_cut_off(desk: Desk, stranger: Stranger) -> None:
    stranger.body = b" " * (MOST_BYTES + 2)

    ended = desk.run("whoami")
    assert (ended.status, "larger than" in ended.err) == (5, True)


def test_arguments_that_are_no_text_are_refused_and_nothing_breaks(desk: Desk, stranger: Stranger) -> None:
    stranger.body, stranger.knows_app = b"{}", True
    half = os.fsdecode(b"\xff")

    for command in (("deploy", "-m", half), ("install", "list", "--state", half), ("version", "list", "--app", half)):
        assert desk.run(*command).status in {1, 5}
