"""What the tests of licenses on a host start from."""

from collections.abc import Callable, Iterator

import pytest
from tests.host.conftest import APP_KEY, APP_URL, make_world
from tests.host.hostworld import MARKETPLACE, Streets
from tests.host.licenses.licenseworld import LIFECYCLE, MODULES, Ears, EarStreets, LicenseWorld, LicensingMarketplace

from tradepost.foundation import outgoing
from tradepost.foundation.clock import domain_time_told_by
from tradepost.host.marketlink.commands import enrol
from tradepost.host.upgrading.running import upgrade_due


@pytest.fixture
def before(db: None, settings: object, fetch_key: Callable[[str], str]) -> Iterator[LicenseWorld]:
    """A site without apps; the marketplace offers one that costs something."""
    settings.ROOT_URLCONF = "tradepost.server.urls.host"  # type: ignore[attr-defined]
    made = make_world(fetch_key)
    market, ears = LicensingMarketplace(), Ears(APP_URL)
    made.marketplace = market
    made.streets = Streets(market)
    with outgoing.replace(EarStreets(ears, made.streets)), domain_time_told_by(lambda: made.now):
        enrol(code="tpe_first-code", url=MARKETPLACE, by=made.operator, now=made.now)
        made.publish("1.0.0", enableLicensing=True, modules=MODULES, lifecycle=LIFECYCLE)
        yield LicenseWorld(made, market, ears, made.site("alpha"))


@pytest.fixture
def house(before: LicenseWorld) -> LicenseWorld:
    """The same with the app installed, on its trial."""
    before.world.install(before.site)
    while upgrade_due(before.now):
        pass
    before.work()
    assert before.installation().app_key == APP_KEY
    return before
