"""What the tests of managing apps start from."""

from collections.abc import Iterator

import pytest
from tests.host.manage.town import Town, living_town
from tests.host.upm.devapps import developing

from tradepost.host.installing import keys, queries
from tradepost.marketplace.tokens import pages, wire


@pytest.fixture
def town(db: None) -> Iterator[Town]:
    """Two sites with private listings, nothing installed."""
    queries._cache.clear()
    keys._private_key.cache_clear()
    for throttle in (pages.GUESSES, wire.GUESSES):
        throttle.forget()
    with developing() as app, living_town(app) as made:
        yield made


@pytest.fixture
def settled(town: Town) -> Town:
    """The app runs on alpha, on its trial."""
    town.install()
    assert town.installation().running is not None
    return town
