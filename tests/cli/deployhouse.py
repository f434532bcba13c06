"""A marketplace on a real port with a vendor, and the command as vendors and their builds run it against that."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from tests.cli.sitehouse import COMMAND, SECONDS, Ended

from tradepost.foundation import tokens
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import machine_now

APP_ID = "ari:cloud:ecosystem::app/notes"
MANIFEST: Mapping[str, Any] = {
    "app": {"id": APP_ID, "name": "Notes", "connect": {"key": "com.example.notes", "remote": "connect"}},
    "remotes": [{"key": "connect", "baseUrl": "https://notes.example.com"}],
    "permissions": {"scopes": ["read:connect-jira"]},
    "connectModules": {
        "jira:lifecycle": [{"key": "events", "installed": "/installed"}],
        "jira:generalPages": [{"key": "page", "name": {"value": "Notes"}, "url": "/page"}],
    },
}


def manifest(**parts: Any) -> str:
    """The manifest with other parts at its top; None leaves one out."""
    value = {name: part for name, part in {**MANIFEST, **parts}.items() if part is not None}
    return yaml.safe_dump(value, sort_keys=False)


def more_scopes() -> str:
    """The next manifest, which makes a major version."""
    return manifest(permissions={"scopes": ["read:connect-jira", "write:connect-jira"]})


@dataclass
class Desk:
    """A vendor's folder with a manifest, their home, and a token. `environment` is all that commands see of ours."""

    url: str
    owner: Caller
    folder: Path
    token: str
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, text: str, name: str = "manifest.yml") -> Path:
        place = self.folder / name
        place.write_bytes(text.encode())
        return place

    def run(self, *arguments: object, stdin: bytes | None = None, **environment: str) -> Ended:
        """Run the command in the folder, as a script does."""
        done = subprocess.run(
            [COMMAND, *map(str, arguments)], cwd=self.folder, env=self.surroundings(environment), check=False,
            capture_output=True, timeout=SECONDS, input=stdin or b"",
        )  # fmt: skip
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    def surroundings(self, more: Mapping[str, str]) -> dict[str, str]:
        home = self.folder.parent / "home"
        home.mkdir(exist_ok=True)
        known = {
            "PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8",
            "TRADEPOST_MARKETPLACE": self.url, "TRADEPOST_TOKEN": self.token,
        }  # fmt: skip
        return {**known, **self.environment, **more}

    def typed(self, arguments: tuple[object, ...], answers: Mapping[str, str], **environment: str) -> Ended:
        """Run the command at a terminal, where a person types each answer once its question stands there."""
        return at_terminal([COMMAND, *map(str, arguments)], self.folder, self.surroundings(environment), answers)


def at_terminal(command: list[Any], folder: Path, environment: dict[str, str], answers: Mapping[str, str]) -> Ended:
    """Run a program at a terminal of its own; all it writes is in `out`."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, cwd=folder, env=environment | {"TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True, close_fds=True,
    ) as child:  # fmt: skip
        os.close(theirs)
        written, waiting, end = b"", dict(answers), time.monotonic() + SECONDS
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    written += os.read(ours, 65536)
                except OSError:  # the terminal is closed: the program has ended
                    break
            for question in [each for each in waiting if each.encode() in written]:
                os.write(ours, f"{waiting.pop(question)}\n".encode())
        else:
            child.kill()
            raise AssertionError(f"{command} did not end: {written.decode()}")
        child.wait()
        os.close(ours)
    return Ended(child.returncode, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode()), "")


def token_of(caller: Caller, *scopes: str) -> str:
    """A person's token."""
    _, plain = tokens.make_token(
        by=caller, name="script", scopes=scopes or ("apps:read", "apps:write"), expires_in=timedelta(days=1),
        service="marketplace", now=machine_now(),
    )  # fmt: skip
    return plain
