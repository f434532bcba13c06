"""Which database a program of ours uses: the one DATABASE_URL names, else our own."""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tradepost.server.places import PROJECT, database_folder, make_folder
from tradepost.server.postgres import OwnPostgres


@contextlib.contextmanager
def fresh_database(purpose: str, *, port: int | None = None) -> Iterator[str]:
    """Give the address of an empty database that is gone when the block ends.

    It is a server of its own, set for speed and not for safety; where DATABASE_URL is set it is a new
    database on that server. Runs beside each other do not see each other. What killed runs left behind is
    removed first.
    """
    given = os.environ.get("DATABASE_URL")
    with _database_on(given, purpose) if given else _server_of_its_own(purpose, port) as url:
        yield url


@contextlib.contextmanager
def _server_of_its_own(purpose: str, port: int | None) -> Iterator[str]:
    # Not below TRADEPOST_VAR, which is another one in each run: the leftovers of the last must be found.
    parent = database_folder(f"{purpose}-runs", var=PROJECT / "var")
    make_folder(parent, 0o711)
    _remove_leftovers(parent)
    folder = parent / secrets.token_hex(4)
    make_folder(folder, 0o711)
    with (folder / "in-use").open("w") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        server = OwnPostgres(folder, for_tests=True, port=port)
        try:
            server.start()
            yield server.url()
        finally:
            server.stop()
            shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(parent: Path) -> None:
    """Remove the folders whose run no longer holds its lock; its server went when it went."""
    for mark in parent.glob("*/in-use"):
        with contextlib.suppress(OSError), mark.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            OwnPostgres(mark.parent, for_tests=True).stop(even_if_not_ours=True)
            shutil.rmtree(mark.parent, ignore_errors=True)


@contextlib.contextmanager
def _database_on(given: str, purpose: str) -> Iterator[str]:
    name = f"tradepost_{purpose}_{secrets.token_hex(4)}"
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlunsplit(urlsplit(given)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(given, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
