"""A watched app that becomes a deployed one: what changes, that a major may go unasked, when, and going ahead."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.host.browsers import Browser, said, text_of
from tests.host.deployed_pages.rows import learn, manifest, put

from tradepost.core.window import MaintenanceWindow
from tradepost.foundation.clock import domain_now
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.models import Upgrade

PAGE, UPDATE = "/alpha/apps/demo/", "/alpha/apps/demo/update/"
BERLIN = ZoneInfo("Europe/Berlin")


def shown(browser, page=PAGE):
    answer = browser.get(page)
    assert answer.status_code == 200, answer.content
    return text_of(answer)


def press(browser):
    """Send the form of a page that is not there, or not any more, with a token of another one."""
    token = str(browser.get("/").context["csrf_token"])
    return browser.post(UPDATE, {"csrfmiddlewaretoken": token})


def noon(world, days=2):
    """Noon in Berlin, some days ahead."""
    day = (world.now + timedelta(days=days)).astimezone(BERLIN).date()
    return datetime.combine(day, time(12), tzinfo=BERLIN).astimezone(UTC)


@pytest.fixture
def turn(world, site):
    """Version 2.0.0 is deployed with what 1.0.0 has, and has its turn at noon the day after tomorrow."""
    at = noon(world)
    put(world, site, newest=learn(world, "2.0.0", manifest(modules={"macro": [{"key": "poll"}]})), turn_at=at)
    return at


@pytest.fixture
def for_vendor(world, site):
    """The scope is another name of what the site has granted: nobody is asked, and a rollout brings it."""
    scopes = {"scopes": ["read:connect-jira", "read:jira-work"]}
    put(world, site, newest=learn(world, "2.0.0", manifest(permissions=scopes)))


def test_a_turn_is_told_by_the_sites_own_clock(site, admin, turn):
    page = shown(admin)

    assert f"Version 2.0.0 comes by itself on {turn.astimezone(BERLIN):%a %d %b %Y}, 12:00 (Europe/Berlin)" in page
    assert "waits for its turn" in page
    assert "waits for its turn" in shown(admin, "/alpha/apps/")


def test_a_turn_inside_the_maintenance_window_is_told_as_the_end_of_it(world, site, admin, turn):
    window = MaintenanceWindow.parse("11:00-14:00")
    Site.objects.filter(pk=site.pk).update(window_start=window.start, window_end=window.end)

    assert "14:00 (Europe/Berlin)" in shown(admin)


def test_the_page_says_what_changes_and_that_this_major_goes_unasked(site, admin, turn):
    page = shown(admin)

    assert "From version 2.0.0 on its vendor deploys this app" in page
    assert "No right of the app rises with it, so nobody is asked although it is another major" in page
    assert "Every later major waits for an administrator." in page
    assert "Modules of macro are new." in page


def test_a_turn_that_has_come_needs_no_button(world, site, admin):
    put(world, site, newest=learn(world, "2.0.0", manifest()), turn_at=world.now - timedelta(hours=1))

    assert UPDATE not in admin.get(PAGE).content.decode()
    assert Upgrade.objects.filter(site_id=site.pk, to_number="2.0.0").exists()


def test_an_administrator_goes_ahead_of_the_turn(world, site, admin, turn):
    done = admin.submit(PAGE, UPDATE)

    assert "The site moves to the new version now." in said(done)
    upgrade = Upgrade.objects.get(site_id=site.pk, to_number="2.0.0")
    assert upgrade.by == world.admins[site.pk].actor
    assert "update asked for by an administrator" in shown(admin, f"{PAGE}upgrades/")
    world.now = domain_now()
    world.work()
    assert world.runs(site) == "2.0.0"
    assert "a watched app before, a deployed one since" in shown(admin)


def test_an_administrator_goes_ahead_of_the_vendor(world, site, admin, for_vendor):
    assert "Version 2.0.0 comes when its vendor starts a rollout, or when you update." in shown(admin)
    assert "it comes when its vendor starts a rollout, or when an administrator updates" in shown(admin)
    admin.submit(PAGE, UPDATE)
    world.now = domain_now()
    world.work()
    assert world.runs(site) == "2.0.0"


def test_only_administrators_of_the_site_go_ahead(world, site, user, turn):
    assert UPDATE not in user.get(PAGE).content.decode()
    stranger = Browser(world.admins[world.site("beta").pk])
    assert press(user).status_code == 403
    assert press(stranger).status_code == 404
    assert not Upgrade.objects.filter(site_id=site.pk, to_number="2.0.0").exists()


def test_the_form_is_protected(site, admin, turn):
    assert admin.post(UPDATE).status_code == 403
    assert admin.get(UPDATE).status_code == 405


def test_pressing_twice_is_told_and_moves_once(world, site, admin, turn):
    admin.submit(PAGE, UPDATE)

    assert press(admin).status_code == 302
    assert Upgrade.objects.filter(site_id=site.pk, to_number="2.0.0").exclude(state="superseded").count() == 1


def test_a_right_that_rises_waits_and_the_page_says_so(world, site, admin):
    more = manifest(
        permissions={
            "scopes": ["read:connect-jira", "admin:connect-jira", "storage:app"],
            "external": {"images": ["*"]},
        }
    )
    put(world, site, newest=learn(world, "2.0.0", more), turn_at=world.now + timedelta(hours=5))
    approval = world.waiting(site)
    for page in (shown(admin), shown(admin, f"/approvals/{approval.pk}")):
        assert "The app newly asks to administer the whole site" in page
        assert "this one waits for an administrator" in page
        assert "Administer the whole site (ADMIN) no asked new" in page
        assert "Its pages load images from * not said asked new" in page
        assert "storage:app (no right here: it is for code that does not run here) not said asked new" in page
        assert "connect: https://app.example/base granted asked" in page
        assert "No right of the app rises" not in page
    assert UPDATE not in admin.get(PAGE).content.decode()
