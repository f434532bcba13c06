"""When a site asks the marketplace what it has licensed, and what its app hears first."""

from datetime import timedelta

import pytest
from tests.host.conftest import APP_KEY, DAY, HOUR
from tests.host.licenses.licenseworld import LIFECYCLE, MODULES, LicenseWorld, policies

from tradepost.core.errors import ConflictError
from tradepost.core.states import InstallationState
from tradepost.foundation.models import User
from tradepost.host.approvals.commands import approve
from tradepost.host.installing.commands import install, uninstall
from tradepost.host.licenses.deciding import license_of
from tradepost.host.licenses.models import CachedLicense
from tradepost.host.marketlink.checking import question
from tradepost.host.sites.commands import set_member

MINUTE = timedelta(minutes=1)


def test_the_first_call_to_an_app_that_costs_something_says_what_its_trial_is(house: LicenseWorld) -> None:
    [body] = house.ears.bodies("/installed")

    assert [(each.app, each.begin_trial) for each in house.market.asked[0].questions] == [(APP_KEY, True)]
    assert body["entitlementId"] == "ent-1"
    assert body["entitlementNumber"] == "E-123"
    assert body["serviceEntitlementNumber"] == "SEN-123"
    assert "capabilitySet" not in body
    assert license_of(house.installation(), now=house.now).active
    assert house.ears.bodies("/hooks/license") == [], "it was told by the call"
    assert house.questions() == 1


def test_an_edition_is_told_from_the_first_call_where_there_is_one(before: LicenseWorld) -> None:
    before.market.decide(before.site.pk, edition="advanced")

    before.world.install(before.site)

    assert before.ears.bodies("/installed")[0]["capabilitySet"] == "capabilityAdvanced"


def test_an_app_is_installed_without_a_license_while_the_marketplace_cannot_say_and_hears_of_it_later(
    before: LicenseWorld,
) -> None:
    before.market.silent = True
    before.world.install(before.site)
    assert "entitlementId" not in before.ears.bodies("/installed")[0]
    assert not license_of(before.installation(), now=before.now).active

    before.market.silent = False
    before.later(6 * MINUTE)
    before.look()
    before.work()

    assert before.market.asked[-1].questions[0].begin_trial, "the trial that was to begin"
    assert license_of(before.installation(), now=before.now).active
    [event] = before.ears.bodies("/hooks/license")
    assert event["license"]["evaluation"] is True


def test_a_site_that_the_marketplace_never_heard_of_introduces_itself_first(before: LicenseWorld) -> None:
    before.market.knows_only_checked = True

    before.world.install(before.site)

    assert [each.site for each in before.market.checks[-1].sites] == [before.site.pk]
    assert before.questions() == 2
    assert before.ears.bodies("/installed")[0]["entitlementId"] == "ent-1"


def test_nobody_begins_a_trial_by_installing_what_is_there(house: LicenseWorld) -> None:
    asked = house.questions()
    with pytest.raises(ConflictError):
        install(house.site.pk, APP_KEY, fingerprint=None, by=house.world.admins[house.site.pk], now=house.now)

    assert house.questions() == asked


def test_a_free_app_is_not_asked_about_and_never_licensed(before: LicenseWorld) -> None:
    before.world.publish("1.0.1", modules=MODULES, lifecycle=LIFECYCLE)
    before.market.decide(before.site.pk, edition="advanced")
    before.world.install(before.site)
    before.look()

    assert before.questions() == 0
    before.push(before.market.decide(before.site.pk))
    assert before.row().decision is not None, "it is known"
    assert license_of(before.installation(), now=before.now).word == "none", "and does not count"


def test_the_upgrade_to_the_first_version_that_costs_something_begins_a_trial_once_it_is_approved(
    before: LicenseWorld,
) -> None:
    world = before.world
    world.publish("1.0.1", modules=MODULES, lifecycle=LIFECYCLE)
    world.install(before.site)
    world.publish("1.1.0", enableLicensing=True, modules=MODULES, lifecycle=LIFECYCLE)
    world.follow()
    assert before.questions() == 0, "nobody has agreed to pay"

    waiting = world.waiting(before.site)
    assert waiting is not None
    approve(waiting.pk, fingerprint=waiting.fingerprint, by=world.admins[before.site.pk], now=world.now)
    world.work()

    assert [each.begin_trial for each in before.market.asked[0].questions] == [True]
    assert [body.get("entitlementId") for body in before.ears.bodies("/installed")] == [None, "ent-1"]
    assert license_of(before.installation(), now=before.now).active


def test_an_app_that_was_taken_away_and_comes_back_has_the_license_of_before(house: LicenseWorld) -> None:
    house.market.decide(house.site.pk, state="trial_expired", active=False)
    uninstall(house.site.pk, APP_KEY, by=house.world.admins[house.site.pk], now=house.now)
    house.work()
    house.world.install(house.site)

    assert house.installation().state == InstallationState.ENABLED
    told = license_of(house.installation(), now=house.now)
    assert (told.exists, told.active) == (True, False)


def test_a_site_says_its_product_edition_and_how_many_active_people_use_it(before: LicenseWorld) -> None:
    for name in ("ann", "bob"):
        User.objects.create_user(f"{name}@alpha.example")
        set_member(before.site.pk, email=f"{name}@alpha.example", role="user", by=before.world.operator, now=before.now)
    User.objects.filter(email="bob@alpha.example").update(is_active=False)
    type(before.site).objects.filter(pk=before.site.pk).update(product_edition="premium")
    before.site.refresh_from_db()
    other = before.world.site("beta")

    told = {each.site: (each.product_edition, each.users) for each in question([before.site, other]).sites}

    assert told == {before.site.pk: ("premium", 2), other.pk: ("standard", 1)}


def test_an_edition_that_changes_is_told_by_installed_again_only_where_the_operator_wants_it(
    house: LicenseWorld,
) -> None:
    house.push(house.market.decide(house.site.pk, edition="advanced"))
    house.work()
    assert len(house.ears.bodies("/installed")) == 1

    with policies(lifecycle_on_switch=True):
        house.push(house.market.decide(house.site.pk, reason="nothing that an app sees"))
        house.push(house.market.decide(house.site.pk, edition="standard"))
        house.work()
    bodies = house.ears.bodies("/installed")
    assert [body.get("capabilitySet") for body in bodies] == [None, "capabilityStandard"]
    assert bodies[0]["sharedSecret"] == bodies[1]["sharedSecret"]


def test_a_call_about_a_switch_that_fails_is_made_some_times_more(house: LicenseWorld) -> None:
    house.ears.behaviour = "500"
    with policies(lifecycle_on_switch=True):
        house.push(house.market.decide(house.site.pk, edition="advanced"))
        for _ in range(8):
            house.work()
            house.later(DAY)
    assert len(house.ears.bodies("/installed")) == 1 + 4


def test_an_app_by_its_address_is_asked_about_only_once_the_marketplace_has_said_something(
    before: LicenseWorld,
) -> None:
    before.world.install(before.site)
    type(before.installation()).objects.update(source="address")
    CachedLicense.objects.all().delete()
    asked = before.questions()
    before.look()
    assert before.questions() == asked
    assert not license_of(before.installation(), now=before.now).exists

    before.push(before.market.decide(before.site.pk, kind="developer", evaluation=True))
    before.later(HOUR)
    before.look()

    assert before.questions() == asked + 1
    assert license_of(before.installation(), now=before.now).active
