"""One app on sites, from installing it to a silent upgrade and through every answer of an administrator."""

import json

import pytest
from tests.host.conftest import DAY, World

from tradepost.core.errors import ConflictError
from tradepost.host.approvals.commands import approve, decline
from tradepost.host.sites.models import Site

WRITE = ["READ", "WRITE"]
DELETE = ["READ", "WRITE", "DELETE"]


@pytest.fixture
def site(world: World) -> Site:
    made = world.site("alpha")
    world.install(made)
    return made


def answer(world: World, site: Site, *, yes: bool) -> None:
    approval = world.waiting(site)
    assert approval is not None
    decide = approve if yes else decline
    decide(approval.pk, fingerprint=approval.fingerprint, by=world.admins[site.pk], now=world.now)
    world.work()


def test_installing_calls_the_app_with_a_token_it_accepts(world: World, site: Site) -> None:
    assert world.app.refusals == []
    assert world.runs(site) == "1.0.0"
    assert world.on(site).state == "enabled"
    body = json.loads(world.app.bodies[0])
    assert body["clientKey"] == world.on(site).client_key
    assert body["eventType"] == "installed"
    assert len(body["sharedSecret"]) >= 32
    assert body["baseUrl"] == site.base_url


def test_a_version_that_asks_nothing_comes_by_itself(world: World, site: Site) -> None:
    world.publish("1.0.1", description="better")
    world.follow()
    assert world.runs(site) == "1.0.1"
    assert world.mails(site) == []
    assert world.upgrades(site) == [("1.0.0", "applied"), ("1.0.1", "applied")]
    first, second = (json.loads(body) for body in world.app.bodies)
    assert first.pop("accountId") == str(world.admins[site.pk].user.pk)
    assert first == second


def test_what_asks_for_more_waits_and_its_administrator_gets_a_mail_in_plain_words(world: World, site: Site) -> None:
    world.publish("1.1.0", scopes=WRITE, notes="Now with editing.")
    world.follow()
    assert world.runs(site) == "1.0.0"
    assert world.on(site).because == "consent"
    [mail] = world.mails(site)
    assert "The demo app" in mail.subject
    for words in ("create and change content in the site", "1.0.0", "1.1.0", "Now with editing.", "/approvals/"):
        assert words in mail.text


def test_an_approval_brings_the_version_at_once_and_is_used_by_it(world: World, site: Site) -> None:
    world.publish("1.1.0", scopes=WRITE)
    world.follow()
    answer(world, site, yes=True)
    assert world.runs(site) == "1.1.0"
    assert world.states(site) == ["used"]


def test_a_typo_on_top_moves_the_request_without_a_second_first_mail(world: World, site: Site) -> None:
    world.publish("1.1.0", scopes=WRITE)
    world.follow()
    world.publish("1.1.1", scopes=WRITE, description="typo")
    world.follow()
    approval = world.waiting(site)
    assert approval is not None
    assert approval.version.number == "1.1.1"
    assert len(world.mails(site)) == 1
    answer(world, site, yes=True)
    assert world.runs(site) == "1.1.1"


def test_who_declined_is_not_asked_the_same_again_and_can_change_their_mind_for_the_newest(
    world: World, site: Site
) -> None:
    world.publish("1.1.0", scopes=WRITE)
    world.follow()
    answer(world, site, yes=False)
    world.publish("1.1.1", scopes=WRITE, description="typo")
    world.follow()
    assert world.states(site) == ["declined"]
    assert world.on(site).because == "declined"
    assert len(world.mails(site)) == 1
    [approval] = site.approvals.all()
    approve(approval.pk, fingerprint=approval.fingerprint, by=world.admins[site.pk], now=world.now)
    world.work()
    assert world.runs(site) == "1.1.1"


@pytest.mark.parametrize(("declined", "later"), [(WRITE, DELETE), (DELETE, WRITE)], ids=["larger", "smaller"])
def test_a_smaller_or_larger_ask_than_the_declined_one_is_made_anew(
    world: World, site: Site, declined: list[str], later: list[str]
) -> None:
    world.publish("1.1.0", scopes=declined)
    world.follow()
    answer(world, site, yes=False)
    world.publish("1.2.0", scopes=later)
    world.follow()
    assert world.states(site) == ["declined", "waiting"]
    assert len(world.mails(site)) == 2


def test_a_silent_site_catches_up_when_the_right_is_dropped(world: World, site: Site) -> None:
    world.publish("1.1.0", scopes=WRITE)
    world.follow()
    world.publish("1.2.0")
    world.follow()
    assert world.runs(site) == "1.2.0"
    assert world.states(site) == ["superseded"]
    assert world.upgrades(site) == [("1.0.0", "applied"), ("1.2.0", "applied")]


def test_a_declining_site_catches_up_too_and_its_decline_still_counts_for_the_same_ask(
    world: World, site: Site
) -> None:
    world.publish("1.1.0", scopes=WRITE)
    world.follow()
    answer(world, site, yes=False)
    world.publish("1.2.0")
    world.follow()
    assert world.runs(site) == "1.2.0"
    world.publish("1.3.0", scopes=WRITE)
    world.follow()
    assert world.runs(site) == "1.2.0"
    assert world.states(site) == ["declined"]


def test_a_right_that_was_used_dropped_and_asked_for_again_needs_consent_again(world: World, site: Site) -> None:
    world.publish("1.1.0", scopes=WRITE)
    world.follow()
    answer(world, site, yes=True)
    world.publish("1.2.0")
    world.follow()
    world.publish("1.3.0", scopes=WRITE)
    world.follow()
    assert world.runs(site) == "1.2.0"
    assert world.states(site) == ["used", "waiting"]


def test_an_unused_approval_ends_when_nothing_is_asked_any_more(world: World, site: Site) -> None:
    world.publish("1.1.0", scopes=WRITE)
    world.follow()
    world.app.behaviour = "500"
    answer(world, site, yes=True)
    assert world.on(site).because == "retry"
    world.publish("1.2.0")
    world.check(after=DAY)
    assert world.states(site) == ["superseded"]
    world.publish("1.3.0", scopes=WRITE)
    world.follow()
    assert world.states(site) == ["superseded", "waiting"]


def test_an_approval_serves_a_later_version_that_asks_no_more(world: World, site: Site) -> None:
    world.publish("1.1.0", scopes=DELETE)
    world.follow()
    world.app.behaviour = "500"
    answer(world, site, yes=True)
    world.app.behaviour = "204"
    world.publish("1.2.0", scopes=WRITE)
    world.follow()
    assert world.runs(site) == "1.2.0"
    assert world.states(site) == ["used"]
    assert len(world.mails(site)) == 1


def test_what_was_shown_must_be_what_is_asked(world: World, site: Site) -> None:
    world.publish("1.1.0", scopes=WRITE)
    world.follow()
    old = world.waiting(site)
    assert old is not None
    world.publish("1.2.0", scopes=DELETE)
    world.follow()
    for decide in (approve, decline):
        with pytest.raises(ConflictError, match="has changed"):
            decide(old.pk, fingerprint=old.fingerprint, by=world.admins[site.pk], now=world.now)
    new = world.waiting(site)
    assert new is not None
    with pytest.raises(ConflictError, match="has changed"):
        approve(new.pk, fingerprint=old.fingerprint, by=world.admins[site.pk], now=world.now)
    assert world.states(site) == ["superseded", "waiting"]


def test_becoming_paid_needs_consent(world: World, site: Site) -> None:
    world.publish("1.1.0", enableLicensing=True)
    world.follow()
    assert world.on(site).because == "consent"
    assert "paid for" in world.mails(site)[0].text


def test_an_approval_can_be_taken_back_until_it_is_used(world: World, site: Site) -> None:
    world.publish("1.1.0", scopes=WRITE)
    world.follow()
    world.app.behaviour = "500"
    answer(world, site, yes=True)
    [approval] = site.approvals.all()
    decline(approval.pk, fingerprint=approval.fingerprint, by=world.admins[site.pk], now=world.now)
    world.app.behaviour = "204"
    world.work(after=DAY)
    assert world.runs(site) == "1.0.0"
    assert world.upgrades(site)[-1] == ("1.1.0", "superseded")
