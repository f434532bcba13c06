"""What every test may use. The database and the guard come from `tradepost.testing.pytest_house`."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tradepost.testing import once_a_run
from tradepost.testing.pytest_house import point_django_at

# A busy machine is no failure: what a test says must not hang on how long it takes.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def project() -> Path:
    """Return the folder of the checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def real_descriptors() -> Path:
    """Return the folder of real descriptors; skips where this machine has none."""
    named = os.environ.get("TRADEPOST_REAL_DESCRIPTORS")
    folder = Path(named) if named else PROJECT.parent / "shared" / "data" / "descriptors"
    if not folder.is_dir():
        pytest.skip(f"no real descriptors at {folder} (set TRADEPOST_REAL_DESCRIPTORS)")
    return folder


@pytest.fixture(scope="session")
def django_db_modify_db_settings(database_server, django_db_modify_db_settings_parallel_suffix) -> None:
    """Start the database when the first test asks for it; pytest-django calls this before it makes its own in it."""
    point_django_at(database_server)


@pytest.fixture(scope="session", autouse=True)
def made_once_a_run() -> Iterator[None]:
    """RSA keys, the list of static files and the like: half of the time of all tests went there."""
    once_a_run.collect_seldom()
    with ExitStack() as stack:
        for make in (
            once_a_run.signing_keys,
            once_a_run.static_files,
            once_a_run.quick_passwords,
            once_a_run.kinds_of_rows,
        ):
            stack.enter_context(make())
        yield
