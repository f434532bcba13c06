"""A host service that asks for licenses, and clocks that stand where a test puts them."""

import contextlib
import json

from tests.marketplace.conftest import START
from tests.marketplace.wire_client import APP, WireHost, site_id

from tradepost.foundation.clock import domain_time_told_by
from tradepost.marketplace.editions.models import EditionPrice, Feature, ListingEditions


class LicensingHost(WireHost):
    """Asks what sites have licensed and hands wishes on. Sites are numbers."""

    def __init__(self, service, credential):
        super().__init__(credential)
        self.service = service

    def site(self, number):
        return site_id(number)

    def meet(self, *numbers, app=None, version=None):
        """Have sites checked, so that the marketplace knows them."""
        answer = self.check(*((number, {app: version} if app else {}) for number in numbers))
        assert answer.status_code == 200, answer.content

    def ask(self, *questions, now=START):
        """Questions are (site number, app) or dicts; the whole answer."""
        told = [each if isinstance(each, dict) else question(*each) for each in questions]
        with at(now):
            return self.post("/wire/1/licenses", {"questions": told})

    def decision(self, number=1, app=APP, *, now=START, **more):
        answer = self.ask(question(number, app, **more), now=now)
        assert answer.status_code == 200, answer.content
        (decision,) = answer.json()["decisions"]
        return decision

    def wish(self, wish, number=1, app=APP, *, revision, now=START, by="admin@site.test", **more):
        told = {"site": str(site_id(number)), "app": app, "wish": wish, "revision": revision, "by": by, **more}
        with at(now):
            return self.post("/wire/1/licenses/wishes", told)

    def wishes(self, wish, number=1, app=APP, *, now=START, **more):
        """A wish of somebody who has just looked; it must be granted."""
        revision = self.decision(number, app, now=now)["revision"]
        answer = self.wish(wish, number, app, revision=revision, now=now, **more)
        assert answer.status_code == 200, answer.content
        return answer.json()


def question(number, app=APP, **more):
    return {"site": str(site_id(number)), "app": app, **more}


@contextlib.contextmanager
def at(now):
    """Domain time stands at `now`."""
    with domain_time_told_by(lambda: now):
        yield


def put_live(listing, *, now=START):
    """Editions of an app, live since `now`, with one feature that only Advanced has."""
    editions = ListingEditions.objects.create(
        listing=listing, state="live", created_at=now, submitted_at=now, live_at=now
    )
    Feature.objects.create(editions=editions, name="Panels", in_editions=["standard", "advanced"], modules=["panel"])
    Feature.objects.create(editions=editions, name="Reports", in_editions=["advanced"], position=1)
    for edition, price in (("standard", 1), ("advanced", 2)):
        EditionPrice.objects.create(editions=editions, edition=edition, period="monthly", per_user=price)
    return editions


def rule_of(answer):
    """The status of a refusal and its rule."""
    return answer.status_code, json.loads(answer.content).get("rule", "")
