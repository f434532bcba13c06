"""Access tokens on a site: applied by hand to an app that is there, simulated, taken off; and never to be seen."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from tests.host.browsers import forms_of, said, text_of
from tests.host.manage.town import APP, START, Town, rows_with

from tradepost.foundation.clock import machine_now
from tradepost.host.licenses import commands
from tradepost.host.licenses.holding import LIFE, Holder
from tradepost.host.sites.commands import set_member
from tradepost.host.upm.requests import install_by_address
from tradepost.host.upm.switch import set_private_listings
from tradepost.marketplace.tokens import commands as access_tokens

PAGE = f"/alpha/manage/{APP}/"
APPLY = f"{PAGE}access-token/"
FORGED = "tpa_0123456789abcdefghijklmnopqrstuvwxyz0123456"


def apply(town: Town, text: str, *, email: str = "admin@alpha.example") -> HttpResponse:
    return town.browser(email).submit(PAGE, APPLY, token=text)


def shown(town: Town) -> str:
    return text_of(town.browser().get(PAGE))


@pytest.fixture
def paying(settled: Town) -> Town:
    settled.give(state="active", period="monthly", anchor=START, period_ends_at=START.replace(month=4))
    return settled


def test_a_token_is_applied_by_hand_and_is_the_license_from_then_on(settled: Town) -> None:
    settled.give(state="expired")
    made = settled.token()
    answer = apply(settled, made.secret)
    assert "The access token is applied" in said(answer)
    page = shown(settled)
    assert f"{made.token.prefix}… , looks like a trial that runs" in page
    assert "it is licensed, edition Standard" in page
    assert settled.acts("license.token_applied") == [
        {"actor": "admin@alpha.example", "app": APP, "prefix": made.token.prefix}
    ]


@pytest.mark.parametrize("wrap", ["  {}\n", "{}\r\n\r\n", "\t{}  ", "LINK", " LINK\n"])
def test_spaces_line_ends_and_whole_links_are_taken_as_they_are_pasted(settled: Town, wrap: str) -> None:
    made = settled.token()
    text = wrap.replace("LINK", settled.link(made)).replace("{}", made.secret)
    assert "The access token is applied" in said(apply(settled, text))


def test_a_token_broken_over_two_lines_by_a_mail_is_put_together(settled: Town) -> None:
    secret = settled.token().secret
    assert "The access token is applied" in said(apply(settled, f"{secret[:20]}\n {secret[20:]}"))


def test_a_link_for_another_app_is_refused_before_anybody_is_asked(settled: Town) -> None:
    made = settled.token()
    asked = len(settled.road.sent)
    answer = apply(settled, settled.link(made, app="other-app"))
    assert "This link is for the app other-app, not for dev-app" in text_of(answer)
    assert not [each for each in settled.road.sent[asked:] if "access-tokens" in each.url]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("forged", "This is no access token of this marketplace"),
        ("removed", "The vendor has removed this token"),
        ("foreign", "This token belongs to another site, for ever"),
        ("nonsense", "That is no access token: one begins with tpa_"),
        ("old", "or its link was replaced"),
    ],
)
def test_a_token_that_is_not_good_is_refused_in_words_and_not_shown_again(settled: Town, kind: str, words: str) -> None:
    made = settled.token()
    text = {"forged": FORGED, "nonsense": "hunter2 and so on"}.get(kind, made.secret)
    if kind == "removed":
        access_tokens.remove(APP, made.token.pk, by=settled.vendor, now=settled.now)
    if kind == "old":
        access_tokens.new_link(APP, made.token.pk, by=settled.vendor, now=settled.now)
    if kind == "foreign":
        settled.install("beta")
        settled.browser("admin@beta.example").submit(
            f"/beta/manage/{APP}/", f"/beta/manage/{APP}/access-token/", token=text
        )
    answer = apply(settled, text)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert text not in answer.content.decode()
    assert answer.content.decode().count("hunter2") == 0
    assert len(settled.acts("license.token_applied")) == (kind == "foreign")


def test_where_the_site_pays_a_page_asks_first_and_the_token_is_in_it_only_sealed(paying: Town) -> None:
    made = paying.token()
    browser = paying.browser()
    asked = browser.submit(PAGE, APPLY, token=made.secret)
    assert asked.status_code == 409
    assert asked["Cache-Control"].startswith("max-age=0")
    assert "The site has a subscription of this app" in text_of(asked)
    assert made.secret not in asked.content.decode()
    assert "subscribed" in shown(paying)
    form = next(hidden for action, hidden in forms_of(asked) if action == APPLY)
    assert "The access token is applied" in said(browser.post(APPLY, form))
    page = shown(paying)
    assert "Hidden by the token subscribed" in page
    assert "Begin trial" not in page
    assert rows_with(made.secret) == []


def test_a_sealed_token_is_of_use_to_one_person_for_one_app_and_some_minutes(paying: Town) -> None:
    secret = paying.token().secret
    other = paying.person("second@alpha.example")
    set_member(paying.site.pk, email=other.actor, role="admin", by=paying.admin, now=paying.now)
    machine = machine_now()
    mine = Holder(paying.site.pk, APP, paying.admin)
    good = mine.hold(secret, machine=machine)
    bad = {
        "of somebody else": Holder(paying.site.pk, APP, other).hold(secret, machine=machine),
        "for another app": Holder(paying.site.pk, "other", paying.admin).hold(secret, machine=machine),
        "for another site": Holder(paying.sites["beta"].pk, APP, paying.admin).hold(secret, machine=machine),
        "too old": mine.hold(secret, machine=machine - LIFE - timedelta(seconds=1)),
        "changed": good[:-8] + "AAAAAAA=",
        "no text of ours": "x" * 9000,
    }
    browser = paying.browser()
    form = next(hidden for action, hidden in forms_of(browser.get(PAGE)) if action == APPLY)
    for why, sealed in bad.items():
        assert "open for too long" in said(browser.post(APPLY, {**form, "sealed": sealed})), why
    assert "The access token is applied" in said(browser.post(APPLY, {**form, "sealed": good}))


def test_taking_the_token_off_brings_the_subscription_back_or_else_nothing(paying: Town) -> None:
    made = paying.token()
    assert paying.rest("PUT", f"apps/{APP}/access-token", token=made.secret, confirmed=True).status_code == 200
    done = paying.browser().submit(PAGE, f"{APPLY}removal/")
    assert "can be applied again" in said(done)
    assert "subscribed" in shown(paying)
    paying.give(state="expired", period_ends_at=START)
    assert "The access token is applied" in said(apply(paying, made.secret))
    paying.browser().submit(PAGE, f"{APPLY}removal/")
    assert "it is not licensed" in shown(paying)


@pytest.mark.parametrize(
    ("simulated", "lic"),
    [
        ("NONE", "none"),
        ("ACTIVE_TRIAL", "active"),
        ("ACTIVE_SUBSCRIPTION", "active"),
        ("ACTIVE_SUBSCRIPTION_CANCELLED", "active"),
        ("INACTIVE_TRIAL", "none"),
        ("INACTIVE_SUBSCRIPTION", "none"),
    ],
)
def test_every_state_can_be_simulated_with_an_edition(settled: Town, simulated: str, lic: str) -> None:
    settled.put_editions()
    apply(settled, settled.token().secret)
    done = settled.browser().submit(PAGE, f"{PAGE}simulation/", simulated=simulated, edition="advanced")
    assert "The app is told that from now on" in said(done)
    told = settled.rest("GET", f"apps/{APP}/license").json()
    assert told["active"] is (lic == "active")
    assert told["capability_set"] == (None if simulated == "NONE" else "capabilityAdvanced")
    assert settled.acts("license.simulated")[-1]["simulated"] == simulated


def test_an_edition_of_an_app_without_editions_is_not_simulated(settled: Town) -> None:
    apply(settled, settled.token().secret)
    wish = {"simulated": "ACTIVE_TRIAL", "edition": "advanced"}
    assert "The app has no editions" in said(settled.browser().submit(PAGE, f"{PAGE}simulation/", **wish))
    assert "Choose one of" in said(settled.browser().submit(PAGE, f"{PAGE}simulation/", simulated="RICH", edition="x"))


def test_without_private_listings_no_token_is_applied_and_one_that_is_stays_and_can_go(settled: Town) -> None:
    made, later = settled.token(), settled.token()
    apply(settled, made.secret)
    set_private_listings(settled.site.pk, allowed=False, by=settled.admin, now=settled.now)
    refused = settled.rest("PUT", f"apps/{APP}/access-token", token=later.secret)
    assert (refused.status_code, refused.json()["rule"]) == (409, "private_listings.off")
    assert "it is licensed" in shown(settled)
    assert "can be applied again" in said(settled.browser().submit(PAGE, f"{APPLY}removal/"))


def test_a_token_can_be_applied_to_an_app_that_the_site_has_by_its_address(town: Town) -> None:
    install_by_address(town.site.pk, town.app.address, by=town.admin, now=town.now)
    town.work()
    assert "installed by its address" in shown(town)
    assert "The access token is applied" in said(apply(town, town.token().secret))
    installation = town.installation()
    assert installation.source == "address"
    page = shown(town)
    assert "looks like a trial that runs" in page
    assert "it is licensed, edition Standard" in page
    town.forget()
    assert "it is licensed, edition Standard" in shown(town)


def test_a_token_that_its_vendor_takes_back_leaves_the_app_unlicensed(settled: Town) -> None:
    settled.give(state="expired")
    made = settled.token()
    apply(settled, made.secret)
    access_tokens.remove(APP, made.token.pk, by=settled.vendor, now=settled.now)
    settled.forget()
    page = shown(settled)
    assert "it is not licensed" in page
    assert "looks like" not in page


def test_nothing_of_a_token_but_its_first_characters_is_kept_anywhere(settled: Town) -> None:
    made = settled.token()
    for text in (made.secret, settled.link(made), FORGED):
        apply(settled, text)
        settled.rest("PUT", f"apps/{APP}/access-token", token=text)
    secret = made.secret.removeprefix("tpa_")[6:]
    assert rows_with(secret) == []
    assert rows_with(FORGED.removeprefix("tpa_")[6:]) == []
    assert not [each.url for each in settled.road.sent if secret in each.url]


def test_a_site_that_guesses_tokens_keeps_no_other_site_from_using_one(town: Town) -> None:
    town.install()
    town.install("beta")
    made = town.token()
    for _ in range(commands.GUESSES._most):
        assert town.rest("PUT", f"apps/{APP}/access-token", token=FORGED).status_code in {409, 422}

    sent = len(town.road.sent)
    answer = town.rest("PUT", f"apps/{APP}/access-token", token=FORGED)
    assert (answer.status_code, len(town.road.sent)) == (429, sent), "the marketplace is not asked any more"
    assert "Too many attempts" in text_of(apply(town, FORGED))
    admin = town.person("admin@beta.example")
    assert commands.apply_token(town.sites["beta"].pk, APP, made.secret, by=admin, now=town.now).token is not None
