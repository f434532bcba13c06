"""Our own PostgreSQL: made at first use, reached over loopback with a password, gone with its owner.

`python -m tradepost.server.postgres start|stop|url|status [--test]`
"""

import argparse
import atexit
import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import psycopg

from tradepost.server.children import end_child, is_alive, start_child
from tradepost.server.places import (
    NoPostgresError,
    database_folder,
    database_user,
    find_programs,
    make_folder,
)
from tradepost.server.ports import find_free_port

ROLE = DATABASE = "tradepost"
HOST = "127.0.0.1"
START_SECONDS = 60  # recovery after a crash may take a while; a usual start takes under one second
SETTINGS = {
    "listen_addresses": HOST,
    # No Unix socket: its path may have 107 bytes, which a checkout deep in a home folder exceeds.
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "dynamic_shared_memory_type": "mmap",  # /dev/shm has 64 MB in many containers
}
# A test database is thrown away, so nothing has to survive a power cut.
TEST_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "jit": "off"}


@dataclass(frozen=True, slots=True)
class Running:
    """What a running server writes about itself."""

    pid: int
    port: int
    is_ready: bool
    is_stopping: bool


class OwnPostgres:
    """One PostgreSQL in `folder`: `data/`, `password` (0600) and `postgres.log` stand in it.

    `start` uses a server that already runs there; `stop` ends only one that was started here, unless told
    otherwise. On Linux the kernel stops the server when the thread that started it ends, whatever killed
    it; elsewhere a server may outlive a killed owner, and the next start uses it.
    """

    def __init__(self, folder: Path, *, for_tests: bool = False, port: int | None = None) -> None:
        self.folder = folder
        self._data = folder / "data"
        self._for_tests = for_tests
        self._port = port
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, *, outlives_us: bool = False) -> None:
        """Make sure that the server runs and has our database; raises NoPostgresError saying why not."""
        make_folder(self.folder, 0o711)
        with self._locked():
            self._initialise_once()
            running = self._await_settled()
            if running is None:
                self._launch(outlives_us=outlives_us)
            else:
                self._port = running.port
        _create_database(self.url("postgres"))
        if not outlives_us:
            atexit.register(self.stop)

    def stop(self, *, even_if_not_ours: bool = False) -> None:
        """End the server and wait until it has gone; open connections are cut, nothing committed is lost."""
        atexit.unregister(self.stop)
        child, self._child = self._child, None
        if child is not None:
            if child.poll() is None:
                child.send_signal(signal.SIGINT)  # PostgreSQL's "fast shutdown"
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(timeout=20)
            end_child(child)
        elif even_if_not_ours and (running := self.find_running()):
            os.kill(running.pid, signal.SIGINT)
            wait_until(lambda: not is_alive(running.pid), seconds=20, what="PostgreSQL does not stop")

    def url(self, database: str = DATABASE) -> str:
        """Return the address with the password; raises NoPostgresError when the server was never started."""
        if self._port is None:
            running = self.find_running()
            if running is None:
                raise NoPostgresError("PostgreSQL does not run: `python -m tradepost.server.postgres start`")
            self._port = running.port
        return f"postgresql://{ROLE}:{self._password()}@{HOST}:{self._port}/{database}"

    def has_died(self) -> bool:
        """Whether the server that was started here has ended by itself."""
        return self._child is not None and self._child.poll() is not None

    def find_running(self) -> Running | None:
        """Return the server that runs on our data, or None; a stale file of a killed one counts as none."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            pid, port = int(lines[0]), int(lines[3])
        except (OSError, IndexError, ValueError):
            return None
        if not is_alive(pid) or not _serves(pid, self._data):
            return None
        state = lines[7].strip() if len(lines) > 7 else ""
        return Running(pid, port, is_ready=state == "ready", is_stopping=state == "stopping")

    def _await_settled(self) -> Running | None:
        """Return somebody else's ready server, or None; one that is stopping is waited for."""
        wait_until(
            lambda: (running := self.find_running()) is None or running.is_ready,
            seconds=START_SECONDS,
            what=f"PostgreSQL in {self.folder} neither starts nor stops",
        )
        return self.find_running()

    def _initialise_once(self) -> None:
        if (self._data / "PG_VERSION").exists():
            return
        user, programs = database_user(self._data), find_programs()
        shutil.rmtree(self._data, ignore_errors=True)  # the rest of a killed initdb
        self._data.mkdir(mode=0o700)
        password = secrets.token_urlsafe(24)
        _write_secret(self.folder / "password", password)
        with tempfile.NamedTemporaryFile("w", dir=self.folder) as handed_over:
            handed_over.write(password)
            handed_over.flush()
            if user:
                os.chown(self._data, user.pw_uid, user.pw_gid)
                os.chown(handed_over.name, user.pw_uid, user.pw_gid)
            self._run_initdb(programs / "initdb", Path(handed_over.name))

    def _run_initdb(self, initdb: Path, password_file: Path) -> None:
        user = database_user(self._data)
        options = [
            "--auth=scram-sha-256",
            f"--username={ROLE}",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
        ]
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        outcome = subprocess.run(
            [initdb, f"--pgdata={self._data}", "--no-instructions", *options, *locale]
            + (["--no-sync"] if self._for_tests else []),
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            env=_clean_environment(),
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        if outcome.returncode:
            shutil.rmtree(self._data, ignore_errors=True)
            raise NoPostgresError(f"PostgreSQL cannot make its data folder:\n{outcome.stderr.strip()}")

    def _launch(self, *, outlives_us: bool) -> None:
        if self._port is None:
            self._port = find_free_port(HOST)
        user = database_user(self._data)
        settings = SETTINGS | (TEST_SETTINGS if self._for_tests else {}) | {"port": str(self._port)}
        command = [str(find_programs() / "postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._log.open("ab") as log:
            child = start_child(
                command,
                output=log,
                environment=_clean_environment(),
                folder=Path("/"),
                user=(user.pw_uid, user.pw_gid) if user else None,
                on_our_death=None if outlives_us else signal.SIGINT,
            )
        self._child = None if outlives_us else child
        wait_until(
            lambda: child.poll() is not None or self._is_ready(child.pid),
            seconds=START_SECONDS,
            what=f"PostgreSQL does not get ready, see {self._log}",
        )
        if child.poll() is not None:
            self._child = None
            raise NoPostgresError(f"PostgreSQL ended at once; the end of {self._log}:\n{self._last_lines()}")
        if outlives_us:
            child.returncode = 0  # nobody here waits for its end, and no warning should ask for that

    def _is_ready(self, pid: int) -> bool:
        running = self.find_running()
        return running is not None and running.pid == pid and running.is_ready

    @property
    def _log(self) -> Path:
        return self.folder / "postgres.log"

    def _last_lines(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-8:])

    def _password(self) -> str:
        return (self.folder / "password").read_text()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _create_database(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not found:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(f'CREATE DATABASE "{DATABASE}"')


def _serves(pid: int, data: Path) -> bool:
    """Whether this is the PostgreSQL of `data`: another program may have been given its number since."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return not Path("/proc/self").exists()  # a system that does not tell
    return words[0].endswith(b"/postgres") and os.fsencode(data) in words


def _clean_environment() -> dict[str, str]:
    return {"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)}


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def wait_until(is_true: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Look every 20 ms until it is true; raises NoPostgresError with `what` after `seconds`."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if is_true():
            return
        pause.wait(0.02)
    raise NoPostgresError(f"{what} within {seconds:g} s")


def main(arguments: list[str]) -> int:
    """Start, stop or show the database by hand; it then lives until `stop`."""
    parser = argparse.ArgumentParser(prog="python -m tradepost.server.postgres", description=main.__doc__)
    parser.add_argument("action", choices=["start", "stop", "url", "status"])
    parser.add_argument("--test", action="store_true", help="the one for tests, which forgets at a power cut")
    asked = parser.parse_args(arguments)
    server = OwnPostgres(database_folder("postgres-by-hand" if asked.test else "postgres"), for_tests=asked.test)
    try:
        return _do(server, asked.action)
    except NoPostgresError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1


def _do(server: OwnPostgres, action: str) -> int:
    if action == "stop":
        server.stop(even_if_not_ours=True)
        return 0
    if action == "status":
        running = server.find_running()
        print(f"runs as {running.pid} on port {running.port}" if running else "does not run")  # noqa: T201
        return 0 if running else 3
    if action == "start":
        server.start(outlives_us=True)
    print(server.url())  # noqa: T201
    return 0


def _run() -> NoReturn:
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    _run()
