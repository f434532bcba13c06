"""The vendor's desk: a folder with a manifest, and the `tradepost` command run in it as a person or a build runs it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command came to. `said` is its standard output, parsed."""

    status: int
    said: Any
    complaint: str


@dataclass(slots=True)
class Desk:
    """One folder, and whose token the commands use."""

    folder: Path
    marketplace: str
    token: str

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def path(self) -> Path:
        return self.folder / "manifest.yml"

    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        return found

    def write(self, manifest: dict[str, Any]) -> None:
        text = yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True)
        self.path.write_text(text, encoding="utf-8")

    def tradepost(self, *arguments: str, token: str = "") -> Answer:
        """Run a command that prints JSON."""
        command = Path(sys.executable).with_name("tradepost")
        environment = os.environ | {
            "TRADEPOST_MARKETPLACE": self.marketplace,
            "TRADEPOST_TOKEN": token or self.token,
            "XDG_CONFIG_HOME": str(self.folder / "config"),
        }
        done = subprocess.run(
            [command, *arguments, "--json"], cwd=self.folder, env=environment, capture_output=True, text=True,
            timeout=SECONDS, check=False,
        )  # fmt: skip
        said = json.loads(done.stdout) if done.stdout.strip() else None
        return Answer(done.returncode, said, done.stderr.strip())

    def deploy(self, *options: str, token: str = "") -> Answer:
        return self.tradepost("deploy", "-e", "production", "--non-interactive", *options, token=token)
