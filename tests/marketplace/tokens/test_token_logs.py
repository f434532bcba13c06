"""The real web server beside the tests: whatever it is told to log, no token is in it."""

import json
import os
import urllib.error
import urllib.request
from urllib.parse import quote, urlencode

import pytest
from django.db import connection
from tests.marketplace.conftest import START
from tests.marketplace.tokens.holders import BY
from tests.marketplace.wire_client import APP, site_id

from tradepost.marketplace.tokens import commands
from tradepost.server.ports import find_free_port
from tradepost.server.supervisor import Program, Supervisor, this_python

TALKATIVE = {
    "GRANIAN_LOG_ACCESS_ENABLED": "true",
    "GRANIAN_LOG_ACCESS_FMT": "%(path)s?%(query_string)s",
    "TRADEPOST_LOG_LEVEL": "DEBUG",
}


def database_url():
    """The database of this very test."""
    settings = connection.settings_dict
    who = f"{quote(settings['USER'])}:{quote(settings['PASSWORD'])}"
    return f"postgresql://{who}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"


@pytest.fixture
def web(db_of_its_own, tmp_path):
    """A web server of the marketplace as it is started in production, told to log all it can; its address and log."""
    port = find_free_port("127.0.0.1")
    url, log = f"http://127.0.0.1:{port}", tmp_path / "web.log"
    program = Program(
        name="marketplace",
        command=this_python("tradepost.server", "web", "marketplace", "--listen", f"127.0.0.1:{port}"),
        log=log,
        environment={**os.environ, **TALKATIVE, "DATABASE_URL": database_url(), "TRADEPOST_MARKETPLACE_URL": url},
        ready_url=f"{url}/apps/",
    )
    supervisor = Supervisor(tell=lambda _: None)
    try:
        supervisor.start(program)
        yield url, log
    finally:
        supervisor.stop()


@pytest.fixture
def db_of_its_own(transactional_db):
    """Rows that other processes see, too."""


def ask(url, message=None, credential=""):
    """The status and the body of an answer, whatever it is."""
    request = urllib.request.Request(url, data=json.dumps(message).encode() if message is not None else None)
    request.add_header("Authorization", f"Bearer {credential}")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.slow
def test_the_server_logs_addresses_and_no_tokens(web, listing, owner, host):
    url, log = web
    made = commands.make(APP, by=owner, now=START)
    query = urlencode({"access-token": made.secret})
    applied = {"site": str(site_id(1)), "token": made.secret, "by": BY}

    answers = [
        ask(f"{url}/apps/{APP}/descriptor?{query}"),
        ask(f"{url}/apps/{APP}/descriptor?{query}x"),
        ask(f"{url}/apps/{APP}/descriptor/?{query}"),
        ask(f"{url}/apps/{APP}?{query}"),
        ask(f"{url}/new-listing/?{query}"),
        ask(f"{url}/wire/1/access-tokens/apply", applied | {"app": "com.example.b"}, host[1]),
        ask(f"{url}/wire/1/access-tokens/apply", applied, host[1]),
        ask(f"{url}/apps/{APP}/descriptor?{query}"),
    ]

    assert [status for status, _ in answers] == [200, 404, 404, 404, 200, 409, 200, 404]
    told = log.read_text()
    assert f"/apps/{APP}/descriptor" in told  # the access log is on
    assert made.secret not in told
    assert made.secret[len("tpa_") + 6 :] not in told
    assert "access-token=" not in told
