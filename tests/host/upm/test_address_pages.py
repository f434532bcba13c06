"""The pages and the REST interface of apps by address: the switch, the form, the problem, reading now."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from tests.host.browsers import Browser, said, text_of
from tests.host.conftest import person
from tests.host.upm.conftest import Desk, token_of

from tradepost.core.errors import ForbiddenError
from tradepost.foundation.models import AuditEntry
from tradepost.host.sites.commands import set_member
from tradepost.host.sites.models import Site
from tradepost.host.upm.switch import set_private_listings


@pytest.fixture
def browser(desk: Desk) -> Browser:
    return Browser(desk.admin)


def rest(desk: Desk, method: str, path: str, **body: Any) -> HttpResponse:
    client = Client(headers={"host": "host.test"})
    headers = {"Authorization": f"Bearer {token_of(desk.admin)}"}
    address = f"/api/1/sites/{desk.site.pk}/{path}"
    return client.generic(method, address, json.dumps(body) if body else b"", "application/json", headers=headers)


def test_an_administrator_turns_private_listings_off_and_on_again(desk: Desk, browser: Browser) -> None:
    switch = "/alpha/settings/private-listings/"
    assert "No more apps" in said(browser.submit("/alpha/settings/", switch))
    assert Site.objects.get(pk=desk.site.pk).private_listings is False
    assert "does not take apps by their address" in text_of(browser.get("/alpha/by-address/"))
    assert "can be installed by their address" in said(browser.submit("/alpha/settings/", switch))
    rows = AuditEntry.objects.filter(action="site.private_listings_set").order_by("recorded_at")
    assert [row.detail["allowed"] for row in rows] == [True, False, True]


def test_only_keepers_of_a_site_turn_the_switch(desk: Desk) -> None:
    user = person("user@alpha.example")
    set_member(desk.site.pk, email=user.actor, role="user", by=desk.admin, now=desk.now)
    with pytest.raises(ForbiddenError):
        set_private_listings(desk.site.pk, allowed=False, by=user, now=desk.now)


def test_an_app_is_installed_by_its_address_on_a_page(desk: Desk, browser: Browser) -> None:
    wish = browser.submit("/alpha/by-address/", "/alpha/by-address/", url=desk.app.address)
    assert "The address is being read." in text_of(browser.get(wish["Location"]))
    desk.work()
    done = browser.get(wish["Location"])
    assert done["Location"] == "/alpha/apps/dev-app/"
    page = text_of(browser.get(done["Location"]))
    assert desk.app.address in page
    assert "The marketplace does not know this app" in page


def test_what_went_wrong_with_a_wish_is_shown(desk: Desk, browser: Browser) -> None:
    desk.app.answers = (500, {}, b"")
    wish = browser.submit("/alpha/by-address/", "/alpha/by-address/", url=desk.app.address)
    desk.work()
    assert "answered 500" in text_of(browser.get(wish["Location"]))
    refused = browser.submit("/alpha/by-address/", "/alpha/by-address/", url="ftp://somewhere")
    assert (refused.status_code, "http or https" in text_of(refused)) == (422, True)


def test_a_problem_of_an_address_is_on_the_apps_page_until_it_is_read_again(desk: Desk, browser: Browser) -> None:
    desk.install()
    desk.app.answers = (503, {}, b"")
    desk.work(after=timedelta(hours=5))
    assert "answered 503" in text_of(browser.get("/alpha/apps/dev-app/"))
    desk.app.answers = None
    assert "being asked" in said(browser.submit("/alpha/apps/dev-app/", "/alpha/apps/dev-app/poll/"))
    desk.world.now += timedelta(days=3650)
    desk.work()
    assert "answered 503" not in text_of(browser.get("/alpha/apps/dev-app/"))


def test_programs_turn_the_switch_wish_for_apps_and_have_them_read(desk: Desk) -> None:
    assert rest(desk, "DELETE", "private-listings").json() == {"private_listings": False}
    assert rest(desk, "PUT", "private-listings").json() == {"private_listings": True}
    wish = rest(desk, "POST", "install-requests", url=desk.app.address)
    assert (wish.status_code, wish.json()["standing"]) == (202, "running")
    desk.world.now += timedelta(days=3650)
    desk.work()
    found = rest(desk, "GET", f"install-requests/{wish.json()['id']}").json()
    assert (found["standing"], found["app"], found["version"]) == ("done", "dev-app", "1.0.0")
    assert rest(desk, "PUT", "apps/dev-app/poll").json()["url"] == desk.app.address
    assert rest(desk, "POST", "install-requests", url="nonsense").status_code == 422
