"""`tradepost module-url` and `page-url`: what somebody would see, by an operator, on the record."""

from datetime import timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, OpenerDirector, build_opener

import jwt
import pytest
from tests.cli.sitehouse import SiteHouse
from tests.host.conftest import person

from tradepost.foundation.clock import domain_now, machine_now
from tradepost.host.installing.secrets import secret_in_force
from tradepost.host.product.actors import account_id, actor_of
from tradepost.host.product.administration import create_project
from tradepost.host.product.commands import create_issue
from tradepost.host.sites.commands import set_member
from tradepost.host.sites.models import EntryTicket

USER = "user@alpha.example"
PANEL = {
    "key": "panel",
    "name": {"value": "Panel"},
    "url": "/panel?issue={issue.key}",
    "location": "atl.jira.view.issue.right.context",
}
FOR_ADMINISTRATORS = PANEL | {"key": "secret-panel", "conditions": [{"condition": "user_is_admin"}]}


@pytest.fixture
def stage(house: SiteHouse) -> SiteHouse:
    """The site with an issue, a user, and an app with panels."""
    person(USER)
    set_member(house.site.pk, email=USER, role="user", by=house.world.operator, now=domain_now())
    actor = actor_of(house.site, house.admin.user)
    create_project(house.site, key="KEY", name="Keys", by=actor, now=domain_now())
    create_issue("KEY", summary="Something", by=actor, now=domain_now())
    house.install(webPanels=[PANEL, FOR_ADMINISTRATORS])
    return house


def test_the_address_of_a_module_is_what_the_persons_page_would_show(stage: SiteHouse) -> None:
    installation = stage.install(webPanels=[PANEL])

    for name in ("dev-app/panel", "panel"):
        ended = stage.run("module-url", "alpha", name, "--user", USER, "--context", "issue.key=KEY-1")
        assert (ended.status, ended.err) == (0, "")
        url = ended.out.strip()
        assert url.startswith(f"{stage.app.url}/panel?issue=KEY-1&")
        query = parse_qs(urlsplit(url).query)
        claims = jwt.decode(query["jwt"][0], secret_in_force(installation), algorithms=["HS256"])
        assert claims["sub"] == account_id(person(USER).user)
        assert claims["iss"] == installation.client_key
    told = stage.run("module-url", "alpha", "panel", "--user", USER, "--context", "issue.key=KEY-1", "--json")
    assert list(told.answer) == ["url"]
    entry = stage.audited("user.acted_as")[-1]
    assert (entry.actor, entry.subject_id) == (stage.world.operator.actor, account_id(person(USER).user))
    assert entry.detail == {
        "user": USER, "what": "module-url", "module": "panel", "context": {"issue.key": "KEY-1"},
    }  # fmt: skip


def test_a_hidden_module_gives_no_address_but_reasons_and_status_3(stage: SiteHouse) -> None:
    asked = ("module-url", "alpha", "dev-app/secret-panel", "--context", "issue.key=KEY-1", "--user")

    hidden = stage.run(*asked, USER)
    assert (hidden.status, hidden.out) == (3, "")
    assert "user_is_admin" in hidden.err
    told = stage.run(*asked, USER, "--json")
    assert (told.status, told.answer["url"]) == (3, None)
    assert [(each["name"], each["holds"]) for each in told.answer["reasons"]] == [("user_is_admin", False)]
    assert told.answer["reasons"][0]["text"]
    assert stage.run(*asked, stage.admin.actor).status == 0


def test_a_visitor_has_no_subject_and_what_nobody_may_see_is_not_there(stage: SiteHouse) -> None:
    ended = stage.run("site", "module-url", "alpha", "panel", "--user", "anonymous", "--json")
    token = parse_qs(urlsplit(ended.answer["url"]).query)["jwt"][0]
    assert "sub" not in jwt.decode(token, options={"verify_signature": False})
    assert stage.audited("user.acted_as")[-1].subject_id == "anonymous"

    unseen = stage.run("module-url", "alpha", "panel", "--user", "anonymous", "--context", "issue.key=KEY-1")
    assert (unseen.status, unseen.out) == (1, "")
    assert stage.run("module-url", "alpha", "missing", "--user", USER).status == 1


@pytest.mark.parametrize("context", ["issue.kye=KEY-1", "issue.key", "=KEY-1"])
def test_a_slip_in_the_context_is_invalid_and_does_not_show_another_page(stage: SiteHouse, context: str) -> None:
    ended = stage.run("module-url", "alpha", "panel", "--user", USER, "--context", context)

    assert (ended.status, ended.out) == (2, "")


@pytest.mark.parametrize("command", [("module-url", "panel"), ("page-url", "/projects/")])
def test_only_active_members_can_be_acted_as(stage: SiteHouse, command: tuple[str, str]) -> None:
    name, what = command
    stranger, member = person("stranger@elsewhere.example"), person(USER)

    assert stage.run(name, "alpha", what, "--user", account_id(member.user)).status == 0
    before = len(stage.audited("user.acted_as"))
    type(member.user).objects.filter(pk=member.user.pk).update(is_active=False)
    for user in (USER, stranger.actor, account_id(stranger.user), "nobody", ""):
        ended = stage.run(name, "alpha", what, "--user", user)
        assert (ended.status, "/user: " in ended.err) == (2, True)
    assert len(stage.audited("user.acted_as")) == before


class Stay(HTTPRedirectHandler):
    """Does not follow: the test looks at the redirect itself."""

    def redirect_request(self, *_: object) -> None:
        return None


def opened(url: str, browser: OpenerDirector | None = None) -> tuple[int, Any, OpenerDirector]:
    """What a browser, by default a fresh one, gets at the address without following: status and headers."""
    browser = browser or build_opener(HTTPCookieProcessor(), Stay())
    try:
        with browser.open(url, timeout=30) as answer:
            return answer.status, answer.headers, browser
    except HTTPError as answer:
        return answer.code, answer.headers, browser


def test_a_page_address_signs_in_once_and_shows_the_page_as_that_person(stage: SiteHouse) -> None:
    ended = stage.run("page-url", "alpha", "/browse/KEY-1?x=1", "--user", USER, "--json")
    assert (ended.status, list(ended.answer)) == (0, ["url", "expires_at"])
    url = ended.answer["url"]
    assert url.startswith(f"{stage.url}/enter/")

    status, headers, browser = opened(url)
    assert (status, headers["Location"]) == (302, "/alpha/browse/KEY-1?x=1")
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    with browser.open(f"{stage.url}/alpha/browse/KEY-1", timeout=30) as page:
        assert "KEY-1" in page.read().decode()
    with browser.open(stage.url, timeout=30) as page:
        assert USER in page.read().decode()

    again, headers, second = opened(url)
    assert (again, headers["Referrer-Policy"]) == (403, "no-referrer")
    assert "Set-Cookie" not in headers
    assert opened(f"{stage.url}/alpha/", second)[1]["Location"].startswith("/accounts/login/")
    assert not EntryTicket.objects.exists()
    entry = stage.audited("user.acted_as")[-1]
    assert (entry.detail["what"], entry.detail["path"]) == ("page-url", "/browse/KEY-1?x=1")
    assert urlsplit(url).path.rpartition("/")[2] not in str(entry.detail)


def test_a_page_address_is_over_after_a_minute_and_with_the_role(stage: SiteHouse) -> None:
    late = stage.run("page-url", "alpha", "/", "--user", USER).out.strip()
    ticket = EntryTicket.objects.get()
    assert ticket.expires_at <= machine_now() + timedelta(seconds=60)
    assert urlsplit(late).path.rpartition("/")[2] not in (ticket.digest, str(ticket.pk))
    EntryTicket.objects.update(expires_at=machine_now())
    assert opened(late)[0] == 403

    gone = stage.run("page-url", "alpha", "/", "--user", USER).out.strip()
    set_member(stage.site.pk, email=USER, role=None, by=stage.world.operator, now=domain_now())
    assert opened(gone)[0] == 403
    assert opened(f"{stage.url}/enter/whatever")[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "projects/", "", "/../back-office/",
        "/%2e%2e/back-office/", "/%252e%252e/back-office/", "/x//y", "/a\tb", "/a%0d%0aSet-Cookie:x", "/a%5cb",
        "javascript:alert(1)",
    ],
)  # fmt: skip
def test_a_page_address_leads_nowhere_but_to_pages_of_its_site(stage: SiteHouse, path: str) -> None:
    ended = stage.run("page-url", "alpha", path, "--user", USER)

    assert (ended.status, "/path: " in ended.err) == (2, True)
    assert not EntryTicket.objects.exists()


def test_nobody_gets_in_as_an_operator_or_to_the_back_office(stage: SiteHouse) -> None:
    operator = stage.world.operator
    set_member(stage.site.pk, email=operator.actor, role="admin", by=operator, now=domain_now())

    assert stage.run("page-url", "alpha", "/", "--user", operator.actor).status == 2
    url = stage.run("page-url", "alpha", "/back-office/", "--user", USER).out.strip()
    assert opened(url)[1]["Location"] == "/alpha/back-office/"
    promoted = stage.run("page-url", "alpha", "/alpha/projects/", "--user", USER).out.strip()
    user = person(USER).user
    type(user).objects.filter(pk=user.pk).update(is_operator=True)
    assert opened(promoted)[0] == 403
