"""Finds the browser for the browser tests, or installs it. `python -m tradepost.testing.chromium` prints its path."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = (
    ("apt-get", "update"),
    ("apt-get", "install", "--yes", "--no-install-recommends", "chromium"),
)
# No profile is named: the driver starts each browser with an empty one of its own.
ARGUMENTS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",  # /dev/shm has 64 MB in many containers
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoBrowserError(Exception):
    """There is no Chromium and none can be installed; the message says which command to run."""


def find_or_install_chromium() -> Path:
    """Return the path of a Chromium: one on the PATH, else a new one by apt where we may do that."""
    found = find_chromium()
    if found is None:
        install_chromium()
        found = find_chromium()
    if found is None:
        raise NoBrowserError(how_to_install())
    return found


def find_chromium() -> Path | None:
    paths = (shutil.which(name) for name in NAMES)
    return next((Path(path) for path in paths if path), None)


def install_chromium() -> None:
    """Install by apt as root on Debian and its kin; raises NoBrowserError where that cannot be or fails."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NoBrowserError(how_to_install())
    _say("Installing Chromium by apt (a minute or two) ...")
    for command in INSTALL:
        outcome = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
        if outcome.returncode:
            raise NoBrowserError(f"{how_to_install()}\nIt was tried and failed:\n{outcome.stdout[-2000:]}")


def how_to_install() -> str:
    commands = " && ".join(" ".join(command) for command in INSTALL)
    return f"The browser tests need Chromium on the PATH. As root on Debian or Ubuntu run: {commands}"


def launch_arguments() -> list[str]:
    """Return how to start it. As root Chromium runs without its sandbox or not at all."""
    return [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else list(ARGUMENTS)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201


def main() -> int:
    """Print the path of the browser, installing it if need be."""
    try:
        path = find_or_install_chromium()
    except NoBrowserError as error:
        _say(str(error))
        return 1
    print(path)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
