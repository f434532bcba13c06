"""Editions of a deployed app: its manifest has to say that there are any."""

from dataclasses import replace

import pytest
from tests.marketplace.deployments.manifests import KEY, manifest
from tests.marketplace.editions.offering import WHOLE

from tradepost.core.errors import ProblemsError
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.editions import commands, queries
from tradepost.marketplace.editions.models import EarlyAccess

pytestmark = pytest.mark.django_db
FEATURES = tuple(replace(feature, modules=("poll",)) for feature in WHOLE.features)
DRAFT = replace(WHOLE, features=FEATURES)


def lacks(listing):
    modules = {each.key for each in queries.module_choices(listing)}
    return {problem.rule for problem in queries.missing_from(DRAFT, listing, modules)}


def test_a_deployed_app_goes_on_sale_in_editions_only_when_its_manifest_says_so(acme, owner, now):
    acme.deployed(manifest(app__licensing={"enabled": True}))
    listing = Listing.objects.get(app_key=KEY)
    EarlyAccess.objects.create(vendor=listing.vendor, opened_at=now, opened_by="operator")
    commands.save_draft(KEY, DRAFT, revision=0, by=owner, now=now)

    assert lacks(listing) == {"editions.not_switched_on"}
    with pytest.raises(ProblemsError, match="editionsEnabled"):
        commands.submit(KEY, by=owner, now=now)

    acme.deployed(manifest(app__licensing={"enabled": True, "editionsEnabled": True}))
    listing.refresh_from_db()
    assert lacks(listing) == set()
    assert commands.submit(KEY, by=owner, now=now).submitted_at == now
