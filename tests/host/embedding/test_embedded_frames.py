"""Signed addresses of frames, what stands in pages, and who sees what, without a browser."""

import json
import re
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from tests.host.embedding.stagehands import NOW, SECRET, Theatre, claims

from tradepost.core.errors import InvalidInputError, NotFoundError
from tradepost.core.signing import query_hash
from tradepost.foundation.callers import Caller
from tradepost.host.embedding.compiled import compiled
from tradepost.host.embedding.frames import make_frame
from tradepost.host.embedding.scenes import Scene
from tradepost.host.embedding.showing import ModuleAddress, module_address

APP = "https://app.example/base"
LOCATION = "atl.jira.view.issue.right.context"


def panel(url: str = "/panel", **more: object) -> dict[str, object]:
    return {"key": "panel", "name": {"value": "A panel"}, "url": url, "location": LOCATION, **more}


def frame_of(theatre: Theatre, url: str, *, anonymous: bool = False, **options: object):
    installation = theatre.install("demo", APP, webPanels=[panel(url)])
    module = compiled(installation.running_id).find("panel")
    viewer = None if anonymous else theatre.user.user
    scene = Scene(theatre.site, viewer, project=theatre.project, issue=theatre.issue)
    return installation, make_frame(installation, module, scene, now=NOW, **options)


def test_the_parameters_stand_in_the_order_of_the_reference_with_the_token_last(theatre: Theatre) -> None:
    _, frame = frame_of(theatre, "/panel?issue={issue.key}&name=a+b")

    names = [name for name, _ in parse_qsl(urlsplit(frame.url).query, keep_blank_values=True)]

    assert names == ["issue", "name", "xdm_e", "xdm_c", "cp", "xdm_deprecated_addon_key_do_not_use", "lic", "cv", "jwt"]


def test_the_standard_parameters_say_site_app_and_no_license(theatre: Theatre) -> None:
    _, frame = frame_of(theatre, "/panel")

    sent = dict(parse_qsl(urlsplit(frame.url).query, keep_blank_values=True))

    assert sent["xdm_e"] == "http://127.0.0.1:8001"
    assert (sent["cp"], sent["lic"], sent["xdm_c"]) == ("/alpha", "none", "channel-demo__panel")
    assert sent["xdm_deprecated_addon_key_do_not_use"] == "demo"


def test_the_token_is_for_this_address_below_the_base_path_and_for_a_quarter_of_an_hour(theatre: Theatre) -> None:
    installation, frame = frame_of(theatre, "/panel/{issue.key}?q=a%20b")

    parts = urlsplit(frame.url)
    token = dict(parse_qsl(parts.query))["jwt"]
    told = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False})
    assert parts.path == "/base/panel/DEMO-1"
    assert told["qsh"] == query_hash("GET", "/panel/DEMO-1", parts.query)
    assert told["exp"] - told["iat"] == 900
    assert told["iss"] == installation.client_key
    assert told["sub"] == str(theatre.user.user.pk)
    assert told["context"] == {}
    assert "aud" not in told


def test_a_visitor_has_no_account_in_the_token(theatre: Theatre) -> None:
    _, frame = frame_of(theatre, "/panel", anonymous=True)

    token = dict(parse_qsl(urlsplit(frame.url).query))["jwt"]
    assert "sub" not in jwt.decode(token, options={"verify_signature": False})


def test_long_addresses_are_shown_like_short_ones(theatre: Theatre) -> None:
    _, frame = frame_of(theatre, "/panel?text=" + "x" * 1500)

    assert frame.origin == "https://app.example"


def test_a_dialog_says_so_and_what_it_was_handed(theatre: Theatre) -> None:
    _, frame = frame_of(theatre, "/panel", is_dialog=True, ui_parameters='{"a":1}')

    names = [name for name, _ in parse_qsl(urlsplit(frame.url).query, keep_blank_values=True)]

    assert names[-4:] == ["cv", "dialog", "ui-params", "jwt"]


@pytest.mark.parametrize("url", ["/p?a[]=1", "/p?a%5Bb%5D=1", "/p?=x", "/p?%C3%A9=1", "/p?a=%zz", "/p//"])
def test_addresses_that_apps_read_in_two_ways_are_not_sent(theatre: Theatre, url: str) -> None:
    with pytest.raises(InvalidInputError):
        frame_of(theatre, url)


def test_an_app_without_authentication_gets_no_token(theatre: Theatre) -> None:
    theatre.install("open", APP, auth="none", webPanels=[panel()])

    page = theatre.client(theatre.user).get("/alpha/browse/DEMO-1").content.decode()

    assert "channel-open__panel" in page
    assert "jwt=" not in page


def test_a_page_names_exactly_the_origins_of_the_apps_it_shows(theatre: Theatre) -> None:
    theatre.install("one", "https://one.example/base", webPanels=[panel()])
    theatre.install("two", "https://two.example:8080", webPanels=[panel()])
    theatre.install("gone", "https://gone.example", webPanels=[panel(location="somewhere.else")])

    answer = theatre.client(theatre.user).get("/alpha/browse/DEMO-1")

    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert policy["frame-src"] == "https://one.example https://two.example:8080"
    assert policy["frame-ancestors"] == "'none'"
    assert "frame-src" not in theatre.client(theatre.user).get("/alpha/projects/")["Content-Security-Policy"]


def test_what_apps_call_themselves_is_text_and_never_markup(theatre: Theatre) -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    theatre.install("evil", APP, webPanels=[panel(name={"value": evil}) ], generalPages=[
        {"key": "page", "name": {"value": evil}, "url": "/page"}])  # fmt: skip

    for path in ("/alpha/browse/DEMO-1", "/alpha/plugins/servlet/ac/evil/page"):
        page = theatre.client(theatre.user).get(path).content.decode()
        assert "<img src=x" not in page
        assert "&lt;img src=x onerror" in page


def test_the_newest_address_of_every_view_is_its_own(theatre: Theatre) -> None:
    theatre.install("demo", APP, generalPages=[{"key": "page", "name": {"value": "Page"}, "url": "/page"}])

    page = theatre.client(theatre.user).get("/alpha/plugins/servlet/ac/demo/page")

    [island] = re.findall(r'<script id="app-place-\d+" type="application/json">(.*?)</script>', page.content.decode())
    facts = json.loads(island)
    assert claims(dict(parse_qsl(urlsplit(facts["url"]).query))["jwt"])["sub"] == str(theatre.user.user.pk)
    assert facts["isFullPage"] is True
    assert page["Cache-Control"] == "no-store"


def test_an_administrators_page_is_for_administrators_alone(theatre: Theatre) -> None:
    page = {"key": "settings", "name": {"value": "Secret settings"}, "url": "/settings"}
    theatre.install("demo", APP, configurePage=page, adminPages=[{**page, "key": "more"}])

    for key in ("settings", "more"):
        path = f"/alpha/plugins/servlet/ac/demo/{key}"
        assert theatre.client(theatre.admin).get(path).status_code == 200
        assert theatre.client(theatre.user).get(path).status_code == 404
    assert "Secret settings" in theatre.client(theatre.admin).get("/alpha/administration/").content.decode()


def test_a_project_page_needs_its_project_and_one_that_the_viewer_may_see(theatre: Theatre) -> None:
    theatre.install("demo", APP, jiraProjectPages=[{"key": "plan", "name": {"value": "Plan"}, "url": "/{project.key}"}])
    client = theatre.client(theatre.user)

    assert client.get("/alpha/plugins/servlet/ac/demo/plan").status_code == 404
    assert client.get("/alpha/plugins/servlet/ac/demo/plan?project.key=DEMO").status_code == 200
    assert client.get("/alpha/plugins/servlet/ac/demo/plan?project.key=NONE").status_code == 404
    assert "ac/demo/plan?project.key=DEMO" in client.get("/alpha/projects/DEMO/").content.decode()


def test_a_tab_of_a_projects_settings_is_for_its_administrators(theatre: Theatre) -> None:
    tab = {"key": "tab", "name": {"value": "The tab"}, "url": "/tab?p={project.key}", "location": "projectgroup4"}
    theatre.install("demo", APP, jiraProjectAdminTabPanels=[tab])
    path = "/alpha/plugins/servlet/ac/demo/tab?project.key=DEMO"

    assert theatre.client(theatre.admin).get(path).status_code == 200
    assert theatre.client(theatre.user).get(path).status_code == 404
    assert "The tab" in theatre.client(theatre.admin).get("/alpha/projects/DEMO/").content.decode()
    assert "The tab" not in theatre.client(theatre.user).get("/alpha/projects/DEMO/").content.decode()


def test_programs_get_the_address_of_a_module_for_somebody_or_the_reasons_why_there_is_none(theatre: Theatre) -> None:
    conditions = [{"condition": "user_is_admin"}]
    theatre.install("demo", APP, webPanels=[panel("/panel?of={issue.key}", conditions=conditions)])

    def ask(name: str, caller: Caller) -> ModuleAddress:
        return module_address(theatre.site, name, caller.user, {"issue.key": "DEMO-1"}, now=NOW)

    for name in ("panel", "demo/panel", "demo__panel"):
        assert "of=DEMO-1" in (ask(name, theatre.admin).url or "")
    hidden = ask("panel", theatre.user)
    assert hidden.url is None
    assert [(each.name, each.holds) for each in hidden.reasons] == [("user_is_admin", False)]
    theatre.install("other", "https://other.example", webPanels=[panel()])
    with pytest.raises(InvalidInputError, match="Several apps"):
        ask("panel", theatre.admin)
    with pytest.raises(NotFoundError):
        ask("missing", theatre.admin)


def test_a_disabled_app_shows_nothing(theatre: Theatre) -> None:
    installation = theatre.install("demo", APP, webPanels=[panel()], generalPages=[
        {"key": "page", "name": {"value": "Page"}, "url": "/page"}])  # fmt: skip
    type(installation).objects.update(state="disabled")
    client = theatre.client(theatre.user)

    assert "demo" not in client.get("/alpha/browse/DEMO-1").content.decode()
    assert client.get("/alpha/plugins/servlet/ac/demo/page").status_code == 404


def test_an_app_on_the_hosts_own_origin_is_not_framed(theatre: Theatre) -> None:
    theatre.install("inside", "http://127.0.0.1:8001/app", webPanels=[panel()])

    page = theatre.client(theatre.user).get("/alpha/browse/DEMO-1").content.decode()

    assert "stands on the origin of this host service" in page
    assert "channel-inside" not in page
