"""Long random walks: whatever happens in whatever order, no site gains a right that nobody there approved."""

import random

import pytest
from tests.host.conftest import DAY, HOUR, World

from tradepost.core.consent import covers, what_is_asked
from tradepost.core.errors import ConflictError, IllegalTransitionError
from tradepost.core.states import UpgradeState
from tradepost.core.version import Change, Version
from tradepost.host.approvals.commands import approve, decline, remind
from tradepost.host.approvals.models import Approval
from tradepost.host.approvals.terms import from_json
from tradepost.host.installing.versions import terms_of
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.models import Upgrade
from tradepost.host.upgrading.queries import explain

SCOPES = [["READ"], ["WRITE"], ["DELETE"], ["ADMIN"], ["READ", "ACT_AS_USER"], []]
STEPS = 25


class Walk:
    """Takes random steps with one site and checks after each what must always hold."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.dice = world, random.Random(seed)
        self.site: Site = world.site("alpha")
        world.install(self.site)
        self.number = Version.parse("1.0.0")
        self.granted = terms_of(self._running())

    def step(self) -> None:
        world = self.world
        take = self.dice.choice([self._publish, self._publish, self._decide, self._decide, self._break, self._pass])
        take()
        world.check(after=HOUR * self.dice.randint(1, 30))
        if self.dice.random() < 0.8:
            world.work()
        remind(world.now)
        self._check()

    def _publish(self) -> None:
        self.number = self.number.bump(self.dice.choice([Change.PATCH, Change.MINOR]), 1)
        self.world.publish(
            str(self.number),
            scopes=self.dice.choice(SCOPES),
            enableLicensing=self.dice.random() < 0.3,
            description=str(self.number),
        )

    def _decide(self) -> None:
        approvals = list(Approval.objects.filter(site=self.site).order_by("asked_at", "id"))
        if not approvals:
            return
        approval = self.dice.choice(approvals)
        decide = self.dice.choice([approve, decline])
        try:
            decide(
                approval.pk, fingerprint=approval.fingerprint, by=self.world.admins[self.site.pk], now=self.world.now
            )
        except (ConflictError, IllegalTransitionError):  # asked no more, over, or being applied
            return

    def _break(self) -> None:
        self.world.app.behaviour = self.dice.choice(["204", "204", "500", "hang", "unreachable"])

    def _pass(self) -> None:
        self.world.now += DAY * self.dice.randint(1, 9)

    def _check(self) -> None:
        running = terms_of(self._running())
        if what_is_asked(self.granted, running):
            used = [from_json(each.covers) for each in Approval.objects.filter(site=self.site, state="used")]
            assert any(covers(each, self.granted, running) for each in used)
        self.granted = running
        installation = self.world.on(self.site)
        told = explain(installation, self.world.now)
        assert installation.newest is not None
        if installation.newest.order_key > self._running().order_key:
            assert told.text
            assert (told.until is None) != (told.person is None)
        states = list(Approval.objects.filter(site=self.site).values_list("state", flat=True))
        assert states.count("waiting") <= 1
        opened = Upgrade.objects.filter(site_id=self.site.pk, state__in=[UpgradeState.SCHEDULED, UpgradeState.APPLYING])
        assert [row.id for row in opened] == ([installation.upgrade_id] if installation.upgrade_id else [])
        assert (installation.upgrade_id is None) == (installation.due_at is None)

    def _running(self):
        running = self.world.on(self.site).running
        assert running is not None
        return running


@pytest.mark.parametrize("seed", range(6))
def test_no_right_without_consent_and_every_wait_has_a_reason_and_an_end(world: World, seed: int) -> None:
    walk = Walk(world, seed)
    for _ in range(STEPS):
        walk.step()
    applied = Upgrade.objects.filter(site_id=walk.site.pk, state="applied").values_list("to_number", flat=True)
    assert len(applied) == len(set(applied))
