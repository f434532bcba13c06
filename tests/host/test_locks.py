"""Two who act on one installation at once: the second sees what the first has left, whole."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from tests.host.conftest import DAY, World

from tradepost.core.plan import Because
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.marketlink.checking import check_due
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.planning import lock, replan

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(world: World) -> World:
    """A site that runs 1.0.0 and waits for its administrator, since 1.2.0 asks for more; 1.1.0 does not."""
    world.install(world.site("alpha"))
    world.publish("1.1.0", description="new")
    world.now += DAY
    check_due(world.now)
    world.publish("1.2.0", scopes=["READ", "WRITE"], description="more")
    world.now += DAY
    check_due(world.now)
    return world


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def is_somebody_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_who_waits_for_an_installation_sees_the_version_that_it_came_to_run_meanwhile(asked: World) -> None:
    installation = asked.on(Site.objects.get())
    came = KnownVersion.objects.get(number="1.1.0")
    holds, may_end = Event(), Event()

    def upgrade() -> None:
        try:
            with transaction.atomic():
                Installation.objects.select_for_update(no_key=True).get(pk=installation.pk)
                Installation.objects.filter(pk=installation.pk).update(running=came)
                holds.set()
                assert may_end.wait(20)
        finally:
            connection.close()

    def decide() -> tuple[Any, Any]:
        try:
            with transaction.atomic():
                mine = lock(installation.pk)
                return mine.running, replan(mine, now=asked.now)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        upgrading = pool.submit(upgrade)
        assert holds.wait(20)
        deciding = pool.submit(decide)
        wait_for(is_somebody_waiting)
        may_end.set()
        upgrading.result()
        running, plan = deciding.result()

    assert running == came
    assert plan is not None
    assert plan.because is Because.CONSENT, "what runs nothing would be asked for no consent"
