"""Whatever happens in whatever order: no number is used twice, and order is that of the numbers."""

import random
from datetime import timedelta

import pytest
from tests.marketplace.conftest import START
from tests.marketplace.deployments.manifests import KEY, manifest

from tradepost.core.errors import ConflictError
from tradepost.core.version import Version
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.deployments import commands
from tradepost.marketplace.deployments.deciding import Wanted
from tradepost.marketplace.deployments.deployers import Deployer
from tradepost.marketplace.deployments.models import DeployedApp
from tradepost.marketplace.releases.queries import document_of, versions_of
from tradepost.marketplace.reviews import commands as reviews
from tradepost.marketplace.reviews.models import Review

pytestmark = pytest.mark.django_db
STEPS = 30


class Walk:
    """Random acts of a vendor and an operator on one public app."""

    def __init__(self, seed, app, owner, operator):
        self.draw, self.app, self.owner, self.operator = random.Random(seed), app, owner, operator
        self.now, self.made = START, ["1.1.0"]

    def step(self):
        self.now += timedelta(minutes=1)
        act = self.draw.choice([self.deploy] * 5 + [self.backport] * 3 + [self.decide] * 3 + [self.withdraw] * 2)
        act()

    def deploy(self, major=None):
        scopes = [f"read:thing-{n}" for n in range(self.draw.randint(0, 2))]
        text = manifest(
            app__description=str(self.draw.random()),
            app__licensing={"enabled": self.draw.random() < 0.3},
            permissions__scopes=["read:connect-jira", *scopes],
        )
        wanted = Wanted("production", text, approve_major=self.draw.random() < 0.8, major_version=major)
        before = [each.number for each in self.versions()]
        try:
            made = commands.deploy(self.app, wanted, by=Deployer.of(self.owner), now=self.now)
        except ConflictError:
            assert [each.number for each in self.versions()] == before
            return
        self.is_new(str(made.decision.version), major)

    def is_new(self, number, major):
        version = Version.parse(number)
        known = [Version.parse(each) for each in self.made]
        assert number not in self.made
        assert all(each < version for each in known if each.major == version.major)
        assert version.minor != 0 or version.major == max(each.major for each in known) + 1
        assert major is None or version.major == major
        self.made.append(number)

    def backport(self):
        self.deploy(int(self.draw.choice(self.made).partition(".")[0]))

    def decide(self):
        for review in Review.objects.filter(state="waiting").order_by("?")[:1]:
            if self.draw.random() < 0.7:
                reviews.approve(review.pk, by=self.operator, now=self.now)
            else:
                reviews.reject(review.pk, comment="No", by=self.operator, now=self.now)

    def withdraw(self):
        waiting = [each.number for each in self.versions() if each.state == "in_review"]
        if waiting:
            commands.withdraw(self.app, "production", self.draw.choice(waiting), by=self.owner, now=self.now)

    def versions(self):
        return list(versions_of(Listing.objects.get(app_key=KEY)))

    def holds(self):
        """What is true at every moment."""
        rows = self.versions()
        numbers = [Version.parse(each.number) for each in rows]
        assert numbers == sorted(numbers, reverse=True)
        assert sorted(map(str, numbers)) == sorted(self.made)
        offered = [each for each in rows if each.state == "offered"]
        assert Listing.objects.get().offered == offered[0]
        for row in rows:
            newer = [e for e in offered if e.order_key > row.order_key and e.number[0] == row.number[0]]
            assert not (row.state == "in_review" and newer)
            is_waiting = Review.objects.filter(version=row, state="waiting").exists()
            assert is_waiting == (row.state == "in_review")
            assert document_of(row)["key"] == KEY


@pytest.mark.parametrize("seed", range(8))
def test_in_random_walks_no_number_is_used_twice_and_the_newest_is_offered(public, owner, operator, seed):
    walk = Walk(seed, DeployedApp.objects.get(), owner, operator)
    for _ in range(STEPS):
        walk.step()
        walk.holds()
    assert len(walk.made) > 4


def test_made_private_after_a_random_walk_nothing_waits_any_more(public, owner, operator):
    walk = Walk(99, DeployedApp.objects.get(), owner, operator)
    for _ in range(STEPS):
        walk.step()
    catalog.make_private(KEY, by=owner, now=walk.now)
    walk.holds()
    assert not Review.objects.filter(state="waiting").exists()
