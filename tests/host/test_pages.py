"""Every page of the host service shows what it should, to those who may see it."""

import re

import pytest
from tests.host.browsers import Browser, text_of
from tests.host.conftest import DAY, person

from tradepost.core.window import MaintenanceWindow
from tradepost.foundation.clock import domain_now
from tradepost.host.installing.models import Installation
from tradepost.host.marketlink.models import MarketplaceLink
from tradepost.host.sites.commands import create_site, set_member
from tradepost.host.sites.hours import find_next_window
from tradepost.host.sites.models import Site

WRITE = ["READ", "WRITE"]
OF_SITE = ["", "apps/", "apps/demo/", "apps/demo/upgrades/", "apps/demo/calls/", "catalogue/", "catalogue/demo/"]
OF_OPERATOR = ["/operate/sites/new/", "/operate/marketplace/", "/operate/reports/", "/operate/keys/"]


@pytest.fixture
def site(world):
    """A site with one app and one update that waits."""
    world.now = domain_now()
    made = world.site("alpha")
    world.install(made)
    world.publish("1.1.0", scopes=[*WRITE, "MAGIC"], notes="Now with editing.")
    world.check()
    return made


@pytest.fixture
def admin(world, site):
    return Browser(world.admins[site.pk])


@pytest.fixture
def user(world, site):
    caller = person("una@alpha.example")
    set_member(site.pk, email=caller.actor, role="user", by=world.operator, now=world.now)
    return Browser(caller)


@pytest.fixture
def stranger(world, site):
    """An administrator of another site."""
    return Browser(world.admins[world.site("beta").pk])


@pytest.mark.parametrize("page", OF_SITE)
def test_pages_of_a_site_are_there_for_its_people_and_for_operators_and_for_nobody_else(
    world, admin, user, stranger, page
):
    address = f"/alpha/{page}"
    for browser in (admin, user, Browser(world.operator)):
        shown = browser.get(address)
        assert shown.status_code == 200, shown.content
        assert "alpha" in text_of(shown)
    assert stranger.get(address).status_code == 404
    nobody = Browser().get(address)
    assert nobody.status_code == 302
    assert nobody["Location"].startswith("/accounts/login/?next=")


def test_a_site_that_one_may_not_see_looks_like_one_that_is_not_there(stranger):
    hidden, missing = stranger.get("/alpha/apps/"), stranger.get("/omega/apps/")
    ids = re.compile(r"alpha|omega|[0-9a-f]{16}")
    assert hidden.status_code == missing.status_code == 404
    assert ids.sub("", text_of(hidden)) == ids.sub("", text_of(missing))


@pytest.mark.parametrize("page", OF_OPERATOR)
def test_pages_of_operators_do_not_exist_for_others(world, admin, page):
    assert Browser(world.operator).get(page).status_code == 200
    assert admin.get(page).status_code == 404
    assert Browser().get(page).status_code == 302


def test_a_stranger_at_the_front_page_reads_what_this_is_and_can_sign_in(world):
    shown = Browser().get("/")
    assert "waits until an administrator of the site has decided" in text_of(shown)
    assert 'href="/accounts/login/"' in shown.content.decode()


def test_the_front_page_counts_apps_and_updates_of_ones_own_sites_only(world, admin, stranger):
    assert re.search(r"alpha http://127.0.0.1:8001/alpha 1 1\b", text_of(admin.get("/")))
    assert "alpha" not in text_of(stranger.get("/"))
    assert "1 update waits for a decision" in text_of(admin.get("/"))


def test_somebody_without_sites_is_told_how_to_get_one(world, site):
    assert "no member of a site yet" in text_of(Browser(person("new@example.com")).get("/"))


def test_an_operator_sees_all_sites_and_how_the_link_stands(world, site, stranger):
    shown = text_of(Browser(world.operator).get("/"))
    assert "alpha" in shown
    assert "beta" in shown
    assert "Linked to the marketplace" in shown
    MarketplaceLink.objects.update(problem="It is on fire.")
    assert "It is on fire." in text_of(Browser(world.operator).get("/"))
    MarketplaceLink.objects.all().delete()
    assert "not linked to a marketplace" in text_of(Browser(world.operator).get("/"))


def test_many_sites_come_in_pages(world):
    for number in range(53):
        create_site(name=f"site {number:02}", context_path=f"/s{number}", by=world.operator, now=world.now)
    browser = Browser(world.operator)
    first = browser.get("/").content.decode()
    following = re.search(r'href="(\?after=[^"]+)"', first).group(1)
    second = text_of(browser.get(f"/{following}"))
    assert "site 49" in first
    assert "site 50" not in first
    assert "site 50" in second
    assert "site 52" in second


def test_the_list_of_apps_says_in_a_sentence_why_one_is_not_on_the_newest(admin):
    shown = text_of(admin.get("/alpha/apps/"))
    assert "1.0.0 1.1.0 waits for a decision" in shown
    assert "Version 1.1.0 asks for more; an administrator must approve or decline it." in shown


def test_an_app_shows_what_is_granted_beside_what_is_asked(admin, user):
    shown = text_of(admin.get("/alpha/apps/demo/"))
    assert "Create and change content in the site (WRITE) no asked new" in shown
    assert "Read what is in the site (READ) granted asked" in shown
    assert "The scope MAGIC is not known." in shown
    assert "Now with editing." in shown
    assert 'value="approve"' in admin.get("/alpha/apps/demo/").content.decode()
    assert 'value="approve"' not in user.get("/alpha/apps/demo/").content.decode()
    assert "An administrator of the site decides." in text_of(user.get("/alpha/apps/demo/"))


def test_an_operator_sees_an_update_and_does_not_decide_it(world, site):
    shown = Browser(world.operator).get(f"/approvals/{world.waiting(site).pk}")
    assert shown.status_code == 200
    assert 'value="approve"' not in shown.content.decode()


def test_the_updates_page_shows_what_waits_on_all_of_ones_sites_oldest_first(world, site, admin):
    other = world.site("zeta")
    set_member(other.pk, email=world.admins[site.pk].actor, role="admin", by=world.operator, now=world.now)
    world.publish("1.0.0")
    world.install(other)
    world.publish("1.2.0", scopes=[*WRITE, "MAGIC"])
    world.check(after=DAY)
    shown = text_of(admin.get("/approvals/"))
    assert shown.index("on alpha") < shown.index("on zeta")
    assert "The app wants to create and change content in the site (WRITE)." in shown


def test_the_address_in_the_mail_shows_the_request(world, site, admin, stranger):
    [mail] = world.mails(site)
    address = re.search(r"http://127.0.0.1:8001(/approvals/\S+)", mail.text).group(1)
    assert "Version 1.1.0 asks for more" in text_of(admin.get(address))
    assert stranger.get(address).status_code == 404
    assert Browser().get(address)["Location"].startswith("/accounts/login/")


def test_the_address_in_an_old_mail_shows_what_is_asked_now(world, site, admin):
    old = world.waiting(site)
    world.publish("1.2.0", scopes=["READ", "DELETE"])
    world.check(after=DAY)
    shown = text_of(admin.get(f"/approvals/{old.pk}"))
    assert "This request is over" in shown
    assert "Version 1.2.0 asks for more" in shown


def test_calls_are_shown_without_the_secret(world, site, admin):
    shown = text_of(admin.get("/alpha/apps/demo/calls/"))
    assert "POST https://app.example/base/installed" in shown
    assert "sharedSecret&quot;: &quot;(masked)" in shown
    assert "status 204" in shown
    [secret] = world.app.tenants.values()
    assert secret not in shown


def test_a_failed_upgrade_says_why_and_until_when(world, site, admin):
    world.publish("1.2.0", description="harmless")
    world.app.behaviour = "500"
    world.follow()
    shown = text_of(admin.get("/alpha/apps/demo/"))
    assert "The app did not accept version 1.2.0: it answered with status 500." in shown
    assert "Until 20" in shown


def test_what_a_vendor_writes_is_text_and_never_markup(world):
    world.now = domain_now()
    made = world.site("alpha")
    evil = "<script>alert(1)</script>"
    world.publish("1.0.1", name=evil, scopes=["READ", evil], description=evil, notes=evil)
    world.install(made)
    world.publish("1.1.0", name=evil, scopes=["READ", "WRITE", evil], notes=evil)
    world.check()
    browser = Browser(world.admins[made.pk])
    approval = world.waiting(made)
    pages = ["/", "/approvals/", f"/approvals/{approval.pk}", *(f"/alpha/{page}" for page in OF_SITE)]
    for page in pages:
        shown = browser.get(page).content.decode()
        assert "<script>alert" not in shown.replace("<SCRIPT>", "<script>"), page
    assert "&lt;script&gt;alert(1)" in browser.get("/alpha/apps/demo/").content.decode()


def test_the_catalogue_can_be_searched(world, admin):
    assert 'href="/alpha/apps/demo/"' in admin.get("/alpha/catalogue/").content.decode()
    assert 'href="/alpha/apps/demo/"' in admin.get("/alpha/catalogue/?q=demo").content.decode()
    asked = [request.url for request in world.streets.sent if "/apps?" in request.url]
    assert asked[-1].endswith("/apps?q=demo")
    assert "No app fits “else”" in text_of(admin.get("/alpha/catalogue/?q=else"))


@pytest.mark.parametrize("trouble", ["down", "500", "nonsense"])
def test_a_marketplace_in_trouble_is_told_on_the_page(world, admin, trouble):
    world.marketplace.trouble = trouble
    for page in ("catalogue/?q=other", "catalogue/demo/"):
        shown = admin.get(f"/alpha/{page}")
        assert shown.status_code == 503
        assert "The marketplace" in text_of(shown)


def test_an_app_that_is_not_offered_is_not_there(admin):
    assert admin.get("/alpha/catalogue/nothing/").status_code == 404
    assert admin.get("/alpha/apps/nothing/").status_code == 404


def test_an_app_before_it_is_installed_says_what_it_will_be_able_to_do(world, site, stranger):
    shown = text_of(stranger.get("/beta/catalogue/demo/"))
    assert "Installing it lets the app" in shown
    assert "Create and change content in the site (WRITE)" in shown
    assert "Use the scope MAGIC, which is not known here unknown here" in shown
    assert "The scope MAGIC is not known." in shown


def test_the_page_watches_while_an_app_is_installed_and_then_loads_anew(world, site, stranger):
    stranger.submit("/beta/catalogue/demo/", "/beta/catalogue/demo/install/")
    page = stranger.get("/beta/apps/demo/").content.decode()
    assert 'hx-get="/beta/apps/demo/progress/"' in page
    assert "HX-Refresh" not in stranger.get("/beta/apps/demo/progress/")
    world.work(after=domain_now() - world.now)
    assert stranger.get("/beta/apps/demo/progress/")["HX-Refresh"] == "true"


def test_a_site_with_a_host_name_of_its_own_has_its_pages_at_its_root(world, site, settings):
    settings.ALLOWED_HOSTS = ["*"]
    named = create_site(name="Named", host_name="named.example", by=world.operator, now=world.now)
    caller = person("nina@named.example")
    set_member(named.pk, email=caller.actor, role="admin", by=world.operator, now=world.now)
    settings.ROOT_URLCONF = "tradepost.server.urls.host"
    browser = Browser(caller, host="named.example")
    assert "Named" in text_of(browser.get("/"))
    assert 'href="/apps/"' in browser.get("/").content.decode()
    assert browser.get("/settings/").status_code == 200
    assert browser.get("/alpha/").status_code == 404
    assert Browser(caller).get("/apps/").status_code == 404
    assert 'href="https://named.example/"' in Browser(caller).get("/").content.decode()


def test_a_wait_for_the_window_is_foreseen_in_utc_and_on_the_sites_clock(world, site, admin):
    Site.objects.filter(pk=site.pk).update(zone="Asia/Kolkata", window_start="01:00", window_end="03:00")
    shown = text_of(admin.get("/alpha/settings/"))
    assert "Asia/Kolkata, where it is now" in shown
    assert re.search(r"(Next window|The site is in it until) 20", shown)
    found = find_next_window(MaintenanceWindow.parse("01:00-03:00"), now=world.now, zone=world.now.tzinfo)
    assert found is not None
    assert (found.end - found.start).total_seconds() <= 2 * 3600


def test_an_app_on_the_newest_shows_no_request(world, site, admin):
    Installation.objects.update(newest_id=world.on(site).running_id, because="", text="")
    shown = text_of(admin.get("/alpha/apps/demo/"))
    assert "on the newest" in shown
    assert "asks for more" not in shown
