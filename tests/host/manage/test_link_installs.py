"""Installing by a vendor's link: the app comes from the marketplace, with its token, and the link is kept nowhere."""

import base64
import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from tests.host.browsers import forms_of, said, text_of
from tests.host.manage.town import APP, MARKETPLACE, START, Town, bearer, panel, rows_with
from tests.host.upm.devapps import developing

from tradepost.core.errors import NotFoundError
from tradepost.host.installing.commands import install, uninstall
from tradepost.host.installing.models import Installation
from tradepost.host.installing.queries import get_app
from tradepost.host.upm.models import AddressListing, InstallRequest
from tradepost.host.upm.requests import install_by_address
from tradepost.host.upm.switch import set_private_listings
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.tokens import commands as access_tokens

FORM = "/alpha/by-address/"
PRIVATE = "private-app"
INSTALL = "application/vnd.atl.plugins.remote.install+json"


@pytest.fixture
def private(town: Town) -> Any:
    """A private app of the same vendor that costs something."""
    with developing(PRIVATE) as app:
        app.change(enableLicensing=True, modules={"webPanels": [panel("panel", "A panel")]})
        catalog.list_app(town.vendor_id, app.address, by=town.vendor, now=town.now)
        yield app


def follow(town: Town, text: str) -> HttpResponse:
    return town.browser().submit(FORM, FORM, url=text)


class Upm:
    """UPM's interface of alpha, as its administrator's program uses it."""

    def __init__(self, town: Town) -> None:
        self.town, self.client = town, Client(headers={"host": "host.test"})
        credentials = base64.b64encode(f"{town.admin.actor}:{bearer(town.admin)}".encode()).decode()
        self.headers = {"Authorization": f"Basic {credentials}"}

    def register(self, link: str) -> tuple[HttpResponse, HttpResponse]:
        """The wish, and how it went."""
        root = "/alpha/rest/plugins/1.0/"
        token = self.client.get(root, headers=self.headers)["upm-token"]
        body = json.dumps({"pluginUri": link})
        wish = self.client.post(f"{root}?token={token}", body, content_type=INSTALL, headers=self.headers)
        self.town.work()
        return wish, self.client.get(wish.json()["links"]["self"], headers=self.headers)


def test_a_link_installs_a_private_app_from_the_marketplace_with_its_token(town: Town, private: Any) -> None:
    made = town.token(PRIVATE)
    wish = follow(town, f"  {town.link(made, PRIVATE)}\n")
    assert wish.status_code == 302
    town.work()
    done = town.browser().get(wish["Location"])
    assert done["Location"] == f"/alpha/apps/{PRIVATE}/"
    installation = town.installation(app=PRIVATE)
    assert (installation.source, installation.state, installation.running.number) == ("marketplace", "enabled", "1.0.0")
    assert not AddressListing.objects.exists()
    page = text_of(town.browser().get(f"/alpha/manage/{PRIVATE}/"))
    assert "looks like a trial that runs" in page
    assert private.told[0][1].get("capabilitySet") == "capabilityStandard"


def test_no_trace_of_the_link_is_left_but_its_address_without_the_token(town: Town, private: Any) -> None:
    made = town.token(PRIVATE)
    wish = follow(town, town.link(made, PRIVATE))
    town.work()
    assert InstallRequest.objects.get().url == f"{MARKETPLACE}/apps/{PRIVATE}/descriptor"
    assert made.secret not in town.browser().get(wish["Location"]).content.decode()
    assert rows_with(made.secret.removeprefix("tpa_")[6:]) == []
    assert not [each.url for each in town.road.sent if made.secret in each.url]


def test_upm_clients_install_by_a_link_too_and_read_the_address_without_its_token(town: Town, private: Any) -> None:
    made = town.token(PRIVATE)
    wish, done = Upm(town).register(town.link(made, PRIVATE))
    assert wish.status_code == 202
    assert made.secret not in wish.content.decode()
    assert wish.json()["status"]["source"] == f"{MARKETPLACE}/apps/{PRIVATE}/descriptor"
    assert done.status_code == 303
    assert town.installation(app=PRIVATE).source == "marketplace"


def test_rest_installs_by_a_link_and_says_what_was_wrong_with_one(town: Town, private: Any) -> None:
    made = town.token(PRIVATE)
    answer = town.rest("POST", "install-requests", url=town.link(made, PRIVATE))
    assert (answer.status_code, answer.json()["standing"]) == (202, "running")
    town.work()
    found = town.rest("GET", f"install-requests/{answer.json()['id']}").json()
    assert (found["standing"], found["app"]) == ("done", PRIVATE)
    access_tokens.remove(PRIVATE, made.token.pk, by=town.vendor, now=town.now)
    again = town.rest("POST", "install-requests", url=town.link(made, PRIVATE)).json()
    assert (again["standing"], "removed this token" in again["text"]) == ("failed", True)


def test_a_link_for_an_app_that_is_there_from_the_marketplace_only_brings_the_token(settled: Town) -> None:
    made = settled.token()
    wish = follow(settled, settled.link(made))
    assert settled.browser().get(wish["Location"])["Location"] == f"/alpha/apps/{APP}/"
    assert "looks like" in text_of(settled.browser().get(f"/alpha/manage/{APP}/"))
    assert Installation.objects.filter(site=settled.site).count() == 1


def test_an_app_that_is_there_by_its_address_is_not_taken_over_and_the_token_stays_unused(town: Town) -> None:
    install_by_address(town.site.pk, town.app.address, by=town.admin, now=town.now)
    town.work()
    made = town.token()
    answer = follow(town, town.link(made))
    assert answer.status_code == 422
    assert "is on this site by its address. Either apply the access token to it" in text_of(answer)
    assert made.secret not in answer.content.decode()
    made.token.refresh_from_db()
    assert made.token.state == "unbound"
    _, failed = Upm(town).register(town.link(made))
    assert failed.json()["status"]["subCode"].endswith("already.installed")


def test_with_private_listings_off_a_link_is_refused_unused(town: Town) -> None:
    set_private_listings(town.site.pk, allowed=False, by=town.admin, now=town.now)
    made = town.token()
    answer = town.rest("POST", "install-requests", url=town.link(made)).json()
    assert (answer["standing"], "private listings on" in answer["text"]) == ("failed", True)
    _, failed = Upm(town).register(town.link(made))
    assert failed.json()["status"]["subCode"].endswith("descriptor.not.from.marketplace")
    made.token.refresh_from_db()
    assert made.token.state == "unbound"


@pytest.mark.parametrize("kind", ["forged", "foreign", "down", "without", "elsewhere"])
def test_a_link_that_is_not_good_is_refused_in_words_and_not_shown_again(town: Town, kind: str) -> None:
    made = town.token()
    link = town.link(made)
    secret = made.secret
    words = {
        "forged": "This is no access token of this marketplace",
        "foreign": "This token belongs to another site",
        "down": "Nothing is lost: try again in a while",
        "without": "This link carries no access token",
        "elsewhere": "does not lead to the marketplace of this site",
    }[kind]
    if kind == "forged":
        link = link.replace(secret, secret := secret[:-6] + "AAAAAA")
    if kind == "foreign":
        town.browser("admin@beta.example").submit("/beta/by-address/", "/beta/by-address/", url=link)
    if kind == "without":
        link = link.partition("?")[0]
    if kind == "elsewhere":
        link = link.replace("marketplace.test", "marketplace.test.evil.example")
    town.road.is_down = kind == "down"
    answer = follow(town, link)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert secret not in answer.content.decode()
    assert not Installation.objects.filter(site=town.site).exists()
    assert rows_with(secret.removeprefix("tpa_")[6:]) == []


def test_a_link_for_an_app_that_the_site_still_pays_for_asks_first(settled: Town) -> None:
    settled.give(state="active", period="monthly", anchor=START, period_ends_at=START.replace(month=4))
    uninstall(settled.site.pk, APP, by=settled.admin, now=settled.now)
    settled.work()
    made = settled.token()
    browser = settled.browser()
    asked = browser.submit(FORM, FORM, url=settled.link(made))
    assert asked.status_code == 409
    assert "The site has a subscription of this app" in text_of(asked)
    assert made.secret not in asked.content.decode()
    form = next(hidden for action, hidden in forms_of(asked) if action == FORM)
    wish = browser.post(FORM, form)
    settled.work()
    assert "looks like" not in said(browser.get(wish["Location"]))
    assert settled.installation().state == "enabled"
    assert "Hidden by the token subscribed" in text_of(browser.get(f"/alpha/manage/{APP}/"))


def test_a_person_of_another_site_gets_nowhere_with_a_link(town: Town) -> None:
    made = town.token()
    operator = town.browser("operator@town.example")
    shown = operator.get(FORM)
    assert "Only an administrator of the site" in text_of(shown)
    refused = town.rest("POST", "install-requests", email="operator@town.example", url=town.link(made))
    assert refused.status_code in {403, 404}
    assert town.rest("POST", "install-requests", email="admin@beta.example", url=town.link(made)).status_code == 404
    made.token.refresh_from_db()
    assert made.token.state == "unbound"


def test_another_site_of_the_same_host_neither_sees_nor_gets_a_private_app(town: Town, private: Any) -> None:
    follow(town, town.link(town.token(PRIVATE), PRIVATE))
    town.work()
    beta, stranger = town.sites["beta"], town.person("admin@beta.example")

    with pytest.raises(NotFoundError):
        get_app(stranger, beta.pk, PRIVATE, now=town.now)
    with pytest.raises(NotFoundError):
        install(beta.pk, PRIVATE, fingerprint=None, by=stranger, now=town.now)
    assert get_app(town.admin, town.site.pk, PRIVATE, now=town.now).key == PRIVATE
