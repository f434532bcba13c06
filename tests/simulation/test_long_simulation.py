"""The whole simulation, and the lots it draws."""

import os
import subprocess
import sys

import pytest

from tradepost.testing.lots import lots


def test_lots_depend_on_names_alone():
    assert lots(1, "a").random() == lots(1, "a").random()
    assert lots(1, "a").random() != lots(2, "a").random()


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_no_invariant_breaks_in_two_hundred_sites_and_sixty_days(database_server):
    ended = subprocess.run(
        [sys.executable, "-m", "tradepost.testing.simulation", "--seed", "7", "--sites", "200", "--days", "60"],
        env={**os.environ, "DATABASE_URL": database_server},
        capture_output=True,
        text=True,
        check=False,
    )

    print(ended.stdout)
    assert ended.returncode == 0, ended.stdout + ended.stderr
