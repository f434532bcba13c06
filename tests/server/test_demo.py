"""The demonstration: it tells the whole story by itself and leaves nothing running."""

import subprocess
import sys

import psutil
import pytest

pytestmark = pytest.mark.slow


def running_programs() -> set[int]:
    """The ids of all programs of Tradepost that run from this environment, but for the tests' own."""
    found = set()
    for process in psutil.process_iter(["pid", "cmdline"]):
        words = process.info["cmdline"] or []
        if any(name in word for word in words for name in ("tradepost.server", "tradepost.sdk.sample")):
            found.add(process.info["pid"])
    return found


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("database_server")
def test_the_demonstration_tells_its_story_and_leaves_nothing_running():
    before = running_programs()

    told = subprocess.run(
        [sys.executable, "-m", "tradepost.server", "demo"], capture_output=True, text=True, check=False
    )

    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-3000:]
    assert "The story turned out as told" in told.stdout
    assert "✗" not in told.stdout
    assert running_programs() <= before
