"""Several at once: wishes, workers and polls beside each other, each with a connection of its own."""

from typing import Any

import pytest
from tests.host.test_real import side_by_side
from tests.host.upm.conftest import Desk

from tradepost.core.errors import TradepostError
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.upgrading.running import upgrade_due
from tradepost.host.upm.polling import poll_due
from tradepost.host.upm.requests import ask_to_install, carry_out_requests, install_by_address

pytestmark = pytest.mark.django_db(transaction=True)


def wish(desk: Desk) -> Any:
    return install_by_address(desk.site.pk, desk.app.address, by=desk.admin, now=desk.now)


def test_two_who_install_at_once_make_one_installation_of_one_version(desk: Desk) -> None:
    done = side_by_side(lambda: wish(desk), lambda: wish(desk))
    assert not [each for each in done if isinstance(each, Exception) and not isinstance(each, TradepostError)]
    desk.work()
    assert (Installation.objects.count(), KnownVersion.objects.count(), desk.runs()) == (1, 1, "1.0.0")
    assert len(set(desk.app.secrets)) == 1


def test_two_workers_carry_out_a_wish_once(desk: Desk) -> None:
    ask_to_install(desk.site.pk, desk.app.address, by=desk.admin, now=desk.now)
    done = side_by_side(lambda: carry_out_requests(desk.now), lambda: carry_out_requests(desk.now))
    assert sorted(done) == [0, 1]
    desk.work()
    assert len(desk.app.secrets) == 1


def test_a_wish_a_poll_and_an_upgrade_at_once_end_on_the_newest(desk: Desk) -> None:
    desk.install()
    for number in range(4):
        desk.app.change(name=f"Name {number}", scopes=["READ", "WRITE"])
        desk.world.now += desk.address().next_poll_at - desk.now
        done = side_by_side(lambda: wish(desk), lambda: poll_due(desk.now), lambda: upgrade_due(desk.now))
        assert not [each for each in done if isinstance(each, Exception)], done
        desk.work()
        assert desk.runs() == f"1.1.{number}"
