"""Pytest plugin: the settings of tests, a database for the run, and nothing outside this machine.

It is named in the `addopts` of pyproject.toml and not in a conftest, because pytest-django reads the settings
before any conftest is imported.
"""

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tradepost.server.databases import fresh_database
from tradepost.server.places import PROJECT

WORKER = "PYTEST_XDIST_WORKER"  # set by pytest-xdist in its workers
SETTINGS = {
    "TRADEPOST_SERVICE": "all",
    "TRADEPOST_DEVELOPMENT": "1",
    "TRADEPOST_SANDBOX": "1",
    "TRADEPOST_MARKETPLACE_URL": "http://127.0.0.1:8000",
    "TRADEPOST_HOST_URL": "http://127.0.0.1:8001",
}
KEPT = ("TRADEPOST_REAL_DESCRIPTORS", "TRADEPOST_TEST_", "TRADEPOST_POSTGRES_")
# Stands in DATABASE_URL until the server runs: a run of pure tests starts none.
NOT_YET = "postgresql://tradepost:not-yet@127.0.0.1:9/tradepost"


class OutsideWorldError(RuntimeError):
    """A test tried to reach beyond this machine: give it a fake, or a server on loopback."""


_until_the_end = contextlib.ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Shut the outside world off; start the database where pytest-xdist is about to start workers."""
    _until_the_end.enter_context(only_loopback())
    if WORKER not in os.environ and config.getoption("dist", "no") != "no" and not config.option.collectonly:
        start_database()


def pytest_unconfigure() -> None:
    """Stop the database and remove what the run has written."""
    _until_the_end.close()


def start_database() -> str:
    """Make sure that DATABASE_URL names a running server, and return it."""
    if os.environ["DATABASE_URL"] == NOT_YET:
        del os.environ["DATABASE_URL"]
        try:
            url = _until_the_end.enter_context(fresh_database("tests"))
        except BaseException:
            os.environ["DATABASE_URL"] = NOT_YET
            raise
        os.environ["DATABASE_URL"] = url
    return os.environ["DATABASE_URL"]


@pytest.fixture(scope="session")
def database_server() -> str:
    """Return the address of the run's PostgreSQL, for tests that start programs of their own."""
    return start_database()


def point_django_at(url: str) -> None:
    """Tell Django, which read its settings before the server ran, where the database is now."""
    from django.db import connections

    parts = urlsplit(url)
    connections["default"].settings_dict.update(
        HOST=parts.hostname or "",
        PORT=str(parts.port or ""),
        USER=unquote(parts.username or ""),
        PASSWORD=unquote(parts.password or ""),
    )


@contextlib.contextmanager
def only_loopback() -> Iterator[None]:
    """Let sockets connect to this machine alone; other names do not resolve, as without a network."""
    real_connect, real_connect_ex, real_lookup = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def connect(self: socket.socket, address: Any) -> None:
        _refuse_strangers(self, address)
        return real_connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_strangers(self, address)
        return real_connect_ex(self, address)

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if not _is_address_or_ours(host):
            raise socket.gaierror(socket.EAI_NONAME, f"tests resolve no names, and so not {host!r}")
        return real_lookup(host, *arguments, **options)

    socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo = connect, connect_ex, getaddrinfo
    try:
        yield
    finally:
        socket.socket.connect, socket.socket.connect_ex = real_connect, real_connect_ex
        socket.getaddrinfo = real_lookup


def _refuse_strangers(asking: socket.socket, address: Any) -> None:
    if asking.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    host = address[0]
    if host != "localhost" and not (_is_address(host) and ip_address(host.partition("%")[0]).is_loopback):
        asking.close()  # callers close it for errors of the system only
        raise OutsideWorldError(f"a test tried to connect to {address!r}")


def _is_address_or_ours(host: Any) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    return not name or name in {"localhost", socket.gethostname()} or _is_address(name)


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _choose_settings() -> None:
    """Set the environment that the settings are read from; xdist's workers find it set by their parent.

    What a developer has set for `make run` is no business of the tests.
    """
    os.environ.setdefault("DATABASE_URL", NOT_YET)
    if WORKER not in os.environ:
        for name in [name for name in os.environ if name.startswith("TRADEPOST_")]:
            if not name.startswith(KEPT):
                del os.environ[name]
        os.environ.update(SETTINGS)
        var = Path(tempfile.mkdtemp(prefix="tradepost-tests-"))
        _until_the_end.callback(shutil.rmtree, var, ignore_errors=True)
        if (PROJECT / "var" / "assets").is_dir():
            (var / "assets").symlink_to(PROJECT / "var" / "assets")
        os.environ["TRADEPOST_VAR"] = str(var)


_choose_settings()
