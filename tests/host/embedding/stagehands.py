"""The site that embedding is tested on: people, a project with an issue, installed apps, and browsers that look."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import jwt
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Frame, Page
from tests.host.conftest import person
from tests.host.embedding.apps import PageServer, document

from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import new_id
from tradepost.foundation.secrets import seal
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.product.actors import actor_of
from tradepost.host.product.administration import create_project
from tradepost.host.product.commands import create_issue
from tradepost.host.product.models import Issue, Project
from tradepost.host.sites.commands import create_site, set_member
from tradepost.host.sites.models import Site

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECRET = "a-shared-secret-of-enough-characters-for-hs256"
SCREENSHOTS = Path(__file__).resolve().parents[3] / "var" / "screenshots"
EVERY_SCOPE = ("READ", "WRITE", "DELETE")


@dataclass
class Theatre:
    """A site and its people; `page` opens a page of the site as one of them in Chromium."""

    site: Site
    admin: Caller
    user: Caller
    project: Project
    issue: Issue
    url: str = ""
    chrome: Browser | None = None
    first: PageServer | None = None
    second: PageServer | None = None
    contexts: list[BrowserContext] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def install(
        self, key: str, base_url: str, *, scopes: tuple[str, ...] = EVERY_SCOPE, auth: str = "jwt", **modules: Any
    ) -> Installation:
        """Put an app on the site as if it had been installed."""
        raw = document(key, base_url, **modules)
        version = KnownVersion.objects.create(
            id=new_id(), app_key=key, number="1.0.0", order_key=10**12, build=1_000_000, descriptor=raw,
            sha256=sha256(raw).hexdigest(), name=f"The {key} app", base_url=base_url, scopes=sorted(scopes), paid=False,
            api_version=1, authentication=auth, installed_path="/installed", made_at=NOW, fetched_at=NOW,
        )  # fmt: skip
        return Installation.objects.create(
            site=self.site, app_key=key, state="enabled", client_key=str(new_id()), sealed_secret=seal(SECRET),
            oauth_client_id=str(new_id()), running=version, newest=version, installed_by="admin@site.example",
            since=NOW, installed_at=NOW,
        )  # fmt: skip

    def client(self, caller: Caller | None) -> Client:
        """A browser without scripts, signed in as somebody."""
        made = Client(enforce_csrf_checks=True, headers={"host": "host.test"})
        if caller is not None:
            made.force_login(caller.user)
        return made

    def page(self, path: str, caller: Caller | None) -> Page:
        """A page of the site in Chromium, once the scripts have put the apps into it."""
        assert self.chrome is not None
        context = self.chrome.new_context(viewport={"width": 1280, "height": 900})
        self.contexts.append(context)
        if caller is not None:
            session = Client()
            session.force_login(caller.user)
            name = django_settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": session.cookies[name].value, "url": self.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(f"{self.url}{self.site.context_path}{path}")
        if page.locator("#app-bridge").count():
            page.wait_for_selector("html[data-apps=shown]")
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def make_theatre(url: str = "") -> Theatre:
    """Make the site `alpha`; with a URL it believes that it stands there."""
    operator = person("operator@host.example", operator=True)
    site = create_site(name="Alpha", context_path="/alpha", by=operator, now=NOW)
    if url:
        Site.objects.filter(pk=site.pk).update(base_url=f"{url}/alpha")
        site.refresh_from_db()
    admin, user = person("admin@site.example"), person("user@site.example")
    for caller, role in ((admin, "admin"), (user, "user")):
        set_member(site.pk, email=caller.actor, role=role, by=operator, now=NOW)
    actor = actor_of(site, admin.user)
    project = create_project(site, key="DEMO", name="Demonstration", by=actor, now=NOW)
    issue = create_issue("DEMO", summary="Something to do", by=actor, now=NOW)
    return Theatre(site, admin, user, project, issue, url)


def app_frame(page: Page, server: PageServer, path: str) -> Frame:
    """The frame on a page that shows an app's page, once its script has found the bridge."""
    selector = f'iframe[src^="{server.base_url}{path}"]'
    element = page.wait_for_selector(selector, state="attached")
    assert element is not None
    frame = element.content_frame()
    assert frame is not None
    frame.wait_for_load_state("load")
    frame.wait_for_function("() => window.heard && window.heard.some((each) => each.type === 'init_received')")
    return frame


def call(frame: Frame, expression: str) -> Any:
    """What a call of AP hands to its callback: `call(frame, "AP.context.getContext(done)")`."""
    return frame.evaluate(f"() => new Promise((done) => {{ {expression} }})")


def claims(token: str) -> dict[str, Any]:
    """The claims of a token that is signed with the shared secret."""
    return jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_aud": False})


def shoot(page: Page, name: str) -> None:
    """Keep a picture of what the person sees."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def told(response: Any) -> Any:
    return json.loads(response.content)
