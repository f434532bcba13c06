"""A small world that is played once, within a transaction that is rolled back when its tests are over."""

from collections.abc import Iterator

import pytest
from django.db import transaction

from tradepost.testing.world import Plan, World

SMALL = Plan(seed=16, sites=12, days=6, strict=False)


@pytest.fixture(scope="module")
def played(django_db_setup: None, django_db_blocker) -> Iterator[World]:
    """The small world after its last day. `strict` is off: everything here happens inside one transaction."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = World(SMALL)
        world.play()
        yield world
        transaction.set_rollback(True)


@pytest.fixture
def world(played: World, db: None) -> World:
    """The small world, for a test that plants something: what it changes in the database is undone by `db`."""
    return played
