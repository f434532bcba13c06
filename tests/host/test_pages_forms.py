"""What people send from the pages of the host service does what it says, once, and only for who may."""

import pytest
from tests.host.browsers import Browser, forms_of, said, text_of
from tests.host.conftest import DAY, person

from tradepost.foundation.clock import domain_now
from tradepost.foundation.models import AuditEntry
from tradepost.host.installing.models import Installation, SigningKey
from tradepost.host.marketlink.models import MarketplaceLink
from tradepost.host.sites.commands import set_member
from tradepost.host.sites.models import Member, Site

WRITE = ["READ", "WRITE"]
DELETE = ["READ", "DELETE"]
APP = "/alpha/apps/demo/"


@pytest.fixture
def site(world):
    """A site with one app and one update that waits."""
    world.now = domain_now()
    made = world.site("alpha")
    world.install(made)
    world.publish("1.1.0", scopes=WRITE)
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
def operator(world):
    return Browser(world.operator)


def decision(world, site):
    return f"/approvals/{world.waiting(site).pk}/decision"


def catch_up(world):
    """Let the worker take up what a page has just set off."""
    world.work(after=domain_now() - world.now)


def test_approving_moves_the_site_at_once(world, site, admin):
    answer = admin.submit(APP, decision(world, site), answer="approve")
    assert "Approved. The site moves to version 1.1.0 at once." in said(answer)
    catch_up(world)
    assert world.runs(site) == "1.1.0"
    shown = text_of(admin.get(APP))
    assert "approved, applied" in shown
    assert "admin@alpha.example" in shown


def test_declining_keeps_the_site_where_it_is_and_minds_may_change(world, site, admin):
    address = decision(world, site)
    assert "Declined. The site stays on version 1.0.0" in said(admin.submit(APP, address, answer="decline"))
    catch_up(world)
    assert world.runs(site) == "1.0.0"
    shown = text_of(admin.get(APP))
    assert "What version 1.1.0 asks was declined" in shown
    assert "Approve after all" in shown
    admin.submit(APP, address, answer="approve")
    catch_up(world)
    assert world.runs(site) == "1.1.0"


def test_an_approval_is_taken_back_while_it_is_not_used(world, site, admin):
    address = decision(world, site)
    admin.submit(APP, address, answer="approve")
    assert "Declined." in said(admin.submit(APP, address, answer="decline"))
    catch_up(world)
    assert world.runs(site) == "1.0.0"


def test_the_same_answer_twice_is_heard_once(world, site, admin):
    address = decision(world, site)
    first = admin.submit(APP, address, answer="approve")
    fields = {"fingerprint": world.on(site).approvals.get().fingerprint, "answer": "approve"}
    again = admin.submit(APP, address, **fields)
    assert first.status_code == again.status_code == 302
    catch_up(world)
    form = dict(fields, csrfmiddlewaretoken=_token(admin))
    assert "This was approved already, and the upgrade is done." in said(admin.post(address, form))
    assert AuditEntry.objects.filter(action="approval.approved").count() == 1
    assert world.upgrades(site) == [("1.0.0", "applied"), ("1.1.0", "applied")]


def test_an_answer_to_something_else_than_is_asked_now_is_not_taken_and_the_new_ask_is_shown(world, site, admin):
    address = decision(world, site)
    [(_, shown)] = [form for form in forms_of(admin.get(APP)) if form[0] == address]
    world.publish("1.2.0", scopes=DELETE)
    world.check(after=DAY)
    told = said(admin.post(address, {**shown, "answer": "approve"}))
    assert "What is asked has changed since it was shown" in told
    assert "Version 1.2.0 asks for more" in told
    assert "Delete content in the site (DELETE)" in told
    catch_up(world)
    assert world.runs(site) == "1.0.0"


def test_an_answer_that_is_none_changes_nothing(world, site, admin):
    assert "Choose to approve or to decline." in said(admin.submit(APP, decision(world, site), answer="perhaps"))
    assert world.states(site) == ["waiting"]


def test_users_operators_and_strangers_decide_nothing(world, site, admin, user, operator):
    address, fingerprint = decision(world, site), world.waiting(site).fingerprint
    other = Browser(world.admins[world.site("beta").pk])
    for browser, status in ((user, 403), (operator, 403), (other, 404)):
        fields = {"answer": "approve", "fingerprint": fingerprint, "csrfmiddlewaretoken": _token(browser)}
        assert browser.post(address, fields).status_code == status
    assert world.states(site) == ["waiting"]


POSTS = [
    "/alpha/settings/check/", "/alpha/settings/window/", "/alpha/settings/members/", "/alpha/settings/members/remove/",
    "/alpha/apps/demo/activation/", "/alpha/catalogue/demo/install/", "/operate/sites/new/", "/operate/marketplace/",
    "/operate/keys/",
]  # fmt: skip


@pytest.mark.parametrize("address", POSTS)
def test_forms_that_come_from_elsewhere_are_refused(world, site, operator, address):
    set_member(site.pk, email=world.operator.actor, role="admin", by=world.operator, now=world.now)
    before = AuditEntry.objects.count()
    assert operator.post(address, {"email": "una@alpha.example", "wanted": "off"}).status_code == 403
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("address", POSTS)
def test_people_of_other_sites_can_send_nothing(world, site, address):
    other = Browser(world.admins[world.site("beta").pk])
    assert other.post(address, {"csrfmiddlewaretoken": _token(other)}).status_code == 404


@pytest.mark.parametrize("address", POSTS[:6])
def test_users_of_a_site_change_nothing(world, site, user, address):
    before = AuditEntry.objects.count()
    fields = {
        "email": "una@alpha.example", "role": "admin", "zone": "UTC", "window_start": "01:00", "window_end": "02:00",
        "csrfmiddlewaretoken": _token(user),
    }  # fmt: skip
    assert user.post(address, fields).status_code == 403
    assert AuditEntry.objects.count() == before


def test_installing_calls_the_app_and_shows_it_running(world, site):
    other = world.site("beta")
    browser = Browser(world.admins[other.pk])
    answer = browser.submit("/beta/catalogue/demo/", "/beta/catalogue/demo/install/")
    assert "The app is being installed." in said(answer)
    catch_up(world)
    assert world.runs(other) == "1.1.0"
    assert "on the newest" in text_of(browser.get("/beta/apps/demo/"))


def test_installing_twice_installs_once(world, site):
    other = world.site("beta")
    browser = Browser(world.admins[other.pk])
    [(action, shown)] = [f for f in forms_of(browser.get("/beta/catalogue/demo/")) if f[0].endswith("/install/")]
    browser.post(action, shown)
    assert "on this site already" in said(browser.post(action, shown))
    assert Installation.objects.filter(site=other).count() == 1


def test_an_app_that_asks_for_more_than_was_shown_is_not_installed(world, site):
    other = world.site("beta")
    browser = Browser(world.admins[other.pk])
    [(action, shown)] = [f for f in forms_of(browser.get("/beta/catalogue/demo/")) if f[0].endswith("/install/")]
    world.publish("1.2.0", scopes=["ADMIN"])
    told = said(browser.post(action, shown))
    assert "What the app asks has changed since it was shown" in told
    assert "Administer the whole site" in told
    assert not Installation.objects.filter(site=other).exists()


def test_a_failed_installation_says_why_and_can_be_tried_again(world, site):
    other = world.site("beta")
    browser = Browser(world.admins[other.pk])
    world.app.behaviour = "500"
    browser.submit("/beta/catalogue/demo/", "/beta/catalogue/demo/install/")
    catch_up(world)
    page = "/beta/apps/demo/"
    assert "The app could not be installed: it answered with status 500." in text_of(browser.get(page))
    world.app.behaviour = "204"
    browser.submit(page, "/beta/catalogue/demo/install/")
    catch_up(world)
    assert world.runs(other) == "1.1.0"


def test_an_app_is_switched_off_and_on(world, site, admin):
    assert "The app is off" in said(admin.submit(APP, f"{APP}activation/"))
    assert world.on(site).state == "disabled"
    assert "The app is on again." in said(admin.submit(APP, f"{APP}activation/"))
    assert world.on(site).state == "enabled"


def test_checking_now_brings_the_check_forward(world, site, admin):
    assert "asks the marketplace for updates" in said(admin.submit("/alpha/", "/alpha/settings/check/"))
    site.refresh_from_db()
    assert site.next_check_at <= domain_now()
    assert 'hx-get="/alpha/settings/check/"' in admin.get("/alpha/").content.decode()
    world.check(after=domain_now() - world.now)
    assert admin.get("/alpha/settings/check/")["HX-Refresh"] == "true"


def test_window_and_zone_are_set(site, admin):
    answer = admin.submit(
        "/alpha/settings/", "/alpha/settings/window/", zone="Europe/Berlin", window_start="23:00", window_end="01:30"
    )
    assert "23:00-01:30" in said(answer)
    assert Site.objects.get(pk=site.pk).zone == "Europe/Berlin"


def test_every_mistake_in_a_form_is_told_at_once_beside_its_field(site, admin):
    answer = admin.submit(
        "/alpha/settings/", "/alpha/settings/window/", zone="Mars/Olympus", window_start="1", window_end=""
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    for field in ("zone", "window_start", "window_end"):
        assert f'id="id_{field}_errors"' in page
    assert "Mars/Olympus" in page


def test_a_window_that_is_too_long_is_refused(site, admin):
    answer = admin.submit(
        "/alpha/settings/", "/alpha/settings/window/", zone="UTC", window_start="01:00", window_end="09:00"
    )
    assert answer.status_code == 422
    assert "at most 4 hours" in text_of(answer)


def test_members_are_added_changed_and_removed(site, admin):
    page, action = "/alpha/settings/", "/alpha/settings/members/"
    person("mia@example.com")
    admin.submit(page, action, email="mia@example.com", role="user")
    admin.submit(page, action, email="mia@example.com", role="admin")
    assert Member.objects.get(site=site, user__email="mia@example.com").role == "admin"
    told = said(admin.submit(page, f"{action}remove/", email="mia@example.com"))
    assert "mia@example.com is no member any more." in told


def test_somebody_without_an_account_cannot_be_added_and_the_page_says_so(site, admin):
    answer = admin.submit("/alpha/settings/", "/alpha/settings/members/", email="no@example.com", role="user")
    assert answer.status_code == 422
    assert "Nobody has an account with this address." in text_of(answer)


def test_the_last_administrator_stays(site, admin):
    told = said(admin.submit("/alpha/settings/", "/alpha/settings/members/remove/", email="admin@alpha.example"))
    assert "keeps at least one administrator" in told


def test_who_removes_themselves_is_led_away(world, site, admin):
    set_member(site.pk, email=person("mia@example.com").actor, role="admin", by=world.operator, now=world.now)
    answer = admin.submit("/alpha/settings/", "/alpha/settings/members/remove/", email="admin@alpha.example")
    assert answer["Location"] == "/"


def test_an_operator_makes_a_site_and_gives_it_an_administrator(world, operator):
    page = "/operate/sites/new/"
    fields = {"zone": "UTC", "window_start": "01:00", "window_end": "03:00"}
    made = operator.submit(page, page, name="Delta", context_path="/delta", **fields)
    assert made["Location"] == "/delta/settings/"
    person("dan@delta.example")
    operator.submit("/delta/settings/", "/delta/settings/members/", email="dan@delta.example", role="admin")
    assert Member.objects.get().user.email == "dan@delta.example"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"context_path": "/operate"}, "not in use here"),
        ({"context_path": "/alpha"}, "There is a site at"),
        ({"context_path": "/a", "host_name": "a.example"}, "either a context path or a host name"),
        ({}, "either a context path or a host name"),
        ({"host_name": "UPPER"}, "lower case"),
    ],
)
def test_a_site_that_cannot_be_made_is_refused_with_the_reason(world, site, operator, fields, problem):
    page = "/operate/sites/new/"
    given = {"name": "Delta", "zone": "UTC", "window_start": "01:00", "window_end": "03:00", **fields}
    answer = operator.submit(page, page, **given)
    assert answer.status_code == 422
    assert problem in text_of(answer)


def test_a_host_service_is_enrolled_with_a_code_that_works_once(world, operator):
    page = "/operate/marketplace/"
    world.marketplace.codes.add("tpe_second-code")
    url = MarketplaceLink.objects.get().url
    assert "Linked to" in said(operator.submit(page, page, url=url, code="tpe_second-code"))
    again = operator.submit(page, page, url=url, code="tpe_second-code")
    assert again.status_code == 422
    assert 'id="id_code_errors"' in again.content.decode()
    assert "does not know this code" in text_of(again)
    world.marketplace.trouble = "down"
    assert "cannot be reached" in text_of(operator.submit(page, page, url=url, code="tpe_third-code"))


def test_an_operator_signs_with_a_new_key(world, site, operator):
    page = "/operate/keys/"
    before = SigningKey.objects.get(retired_at=None).kid
    told = said(operator.submit(page, page))
    now = SigningKey.objects.get(retired_at=None).kid
    assert now != before
    assert now in told
    assert before in told
    assert "PRIVATE" not in operator.get(page).content.decode()


def test_reports_wait_on_a_page_until_the_marketplace_has_taken_them(world, site, operator):
    assert "waiting_consent" in operator.get("/operate/reports/").content.decode().replace(" ", "_")
    world.send_reports()
    assert "Everything is reported." in text_of(operator.get("/operate/reports/"))


def _token(browser):
    """A CSRF token of this browser, from a form that is on every page: signing out."""
    forms = dict(forms_of(browser.get("/")))
    return forms["/accounts/logout/"]["csrfmiddlewaretoken"]
